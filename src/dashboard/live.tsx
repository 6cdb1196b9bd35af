/** The visitors of the last minutes, minute by minute, and events as they arrive. */
import { useEffect, useState } from 'preact/hooks';
import { call, Failure, type Pixel } from './api.ts';
import type { Base } from './base.ts';
import { EventDialog } from './event-dialog.tsx';
import { FilterBar } from './filter-bar.tsx';
import { clock, count } from './format.ts';
import { useInterval } from './hooks.ts';
import { type LiveEvent, Stream } from './stream.tsx';
import { subjectOf } from './subject.ts';
import { Empty, ErrorMessage, Heading, Loading } from './ui.tsx';
import { useView } from './use-view.ts';

interface Minute {
  /** Its beginning. */
  readonly minute: string;
  readonly visitors: number;
  readonly events: number;
  readonly pageviews: number;
}

export interface LiveResponse {
  readonly now: string;
  /** Of the last five minutes. */
  readonly visitors: number;
  /** The oldest first. */
  readonly minutes: readonly Minute[];
  readonly events: readonly LiveEvent[];
}

/** Milliseconds between requests. */
const INTERVAL = 4000;
/** The most events that a response has. */
const MAX_EVENTS = 100;

export default function Live({ pixel }: { readonly pixel: Pixel }) {
  const [view, set] = useView();
  const { filters } = view;
  const base: Base = { site_id: pixel.id, date_range: 'day', ...(filters.length > 0 ? { filters } : {}) };
  const query = filters.length > 0 ? `?filters=${encodeURIComponent(JSON.stringify(filters))}` : '';

  const [answer, setAnswer] = useState<{ readonly of: string; readonly response: LiveResponse } | null>(null);
  const [failure, setFailure] = useState<Failure | null>(null);
  const [isRunning, run] = useState(true);
  const [selected, select] = useState<LiveEvent | null>(null);
  const load = async (signal?: AbortSignal): Promise<void> => {
    try {
      const path = `/api/v1/pixels/${pixel.id}/live${query}`;
      const response = await call<LiveResponse>('GET', path, undefined, signal);
      setAnswer({ of: query, response });
      setFailure(null);
    } catch (error) {
      if (error instanceof Failure) setFailure(error);
    }
  };
  useInterval(INTERVAL, () => void (isRunning && load()));
  useEffect(() => {
    if (!isRunning) return;
    const stop = new AbortController();
    void load(stop.signal);
    return () => stop.abort();
  }, [isRunning, query]);
  // Numbers of other filters would mislead.
  const response = answer?.of === query ? answer.response : null;
  return (
    <div class="view" aria-busy={response === null && failure === null}>
      <div class="row title">
        <Heading>Live</Heading>
        <button type="button" class="quiet" aria-pressed={!isRunning} onClick={() => run(!isRunning)}>
          {isRunning ? 'Pause' : 'Resume'}
        </button>
      </div>
      <FilterBar base={base} subject={subjectOf(pixel, false)} view={view} set={set} />
      {failure && <ErrorMessage failure={failure} retry={() => void load()} />}
      {!response ? (
        !failure && <Loading rows={6} />
      ) : (
        <>
          <Now response={response} pixel={pixel} isOn={isRunning && !failure} />
          {response.events.length === 0 ? (
            <Empty
              title={filters.length > 0 ? 'No events match the filters right now' : 'No visitors right now'}
            >
              {isRunning ? 'New events appear here by themselves.' : 'Resume to see new events.'}
            </Empty>
          ) : (
            <Stream events={response.events} timezone={pixel.timezone} select={select} />
          )}
          <p class="muted note">
            Shows the latest {MAX_EVENTS} events of the last 30 minutes. Times are in {pixel.timezone}.
          </p>
        </>
      )}
      {selected && <EventDialog event={selected} pixel={pixel} close={() => select(null)} />}
    </div>
  );
}

interface NowProps {
  readonly response: LiveResponse;
  readonly pixel: Pixel;
  readonly isOn: boolean;
}

function Now({ response: { visitors, minutes }, pixel, isOn }: NowProps) {
  const max = Math.max(1, ...minutes.map((minute) => minute.events));
  const titleOf = (minute: Minute): string =>
    `${clock(Date.parse(minute.minute), pixel.timezone)}: ${plural(minute.visitors, 'visitor')}, ${plural(minute.events, 'event')}`;
  const total = minutes.reduce((sum, { events }) => sum + events, 0);
  return (
    <div class="now">
      <p class="big" aria-live="polite">
        <span class={`lamp${isOn ? ' on' : ''}`} aria-hidden="true" />
        <b data-of="visitors">{count(visitors)}</b>{' '}
        <span>{visitors === 1 ? 'visitor' : 'visitors'} in the last 5 minutes</span>
      </p>
      <figure>
        <div
          class="minutes"
          role="img"
          aria-label={`Events per minute: ${plural(total, 'event')} in the last 30 minutes, at most ${count(max)} in one`}
        >
          {minutes.map((minute) => (
            <i
              key={minute.minute}
              class={minute.events === 0 ? 'none' : ''}
              title={titleOf(minute)}
              style={{ height: `${Math.max(3, (100 * minute.events) / max)}%` }}
            />
          ))}
        </div>
        <figcaption class="muted note">
          <span>30 minutes ago</span> <span>events per minute</span> <span>now</span>
        </figcaption>
      </figure>
    </div>
  );
}

const plural = (number: number, word: string): string => `${count(number)} ${word}${number === 1 ? '' : 's'}`;
