/** The visitors of the last half hour, and events as they arrive. */
import { useEffect, useState } from 'preact/hooks';
import { call, Failure, type Pixel } from './api.ts';
import { count, duration, fieldValue, metricValue, moment, money, valueName, words } from './format.ts';
import { useInterval } from './hooks.ts';
import { Dialog, Empty, ErrorMessage, Heading, Loading, Text } from './ui.tsx';

export interface LiveEvent {
  readonly id: string;
  readonly ts: string;
  readonly name: string;
  readonly page: string;
  readonly hostname: string;
  readonly source: string;
  readonly country: string;
  readonly device: string;
  readonly browser: string;
  readonly value: number | null;
  readonly currency: string;
  readonly props: Readonly<Record<string, string>>;
  readonly [column: string]: unknown;
}
export interface LiveResponse {
  readonly since: string;
  readonly until: string;
  readonly visitors: number;
  readonly events: readonly LiveEvent[];
}

/** Milliseconds between requests. */
const INTERVAL = 4000;
/** The most events that a response has. */
const MAX_EVENTS = 100;
/** A report of attention, which is not counted as an event. */
const ENGAGEMENT = 'engagement';

export default function Live({ pixel }: { readonly pixel: Pixel }) {
  const [response, set] = useState<LiveResponse | null>(null);
  const [failure, setFailure] = useState<Failure | null>(null);
  const [isRunning, run] = useState(true);
  const [selected, select] = useState<LiveEvent | null>(null);
  const load = async (): Promise<void> => {
    if (!isRunning) return;
    try {
      set(await call<LiveResponse>('GET', `/api/v1/pixels/${pixel.id}/live`));
      setFailure(null);
    } catch (error) {
      if (error instanceof Failure) setFailure(error);
    }
  };
  useInterval(INTERVAL, load);
  useEffect(() => void load(), [isRunning]);
  const minutes = perMinute(response);
  const max = Math.max(1, ...minutes.map((events) => events ?? 0));
  return (
    <>
      <div class="row title">
        <Heading>Live</Heading>
        <button type="button" class="quiet" aria-pressed={!isRunning} onClick={() => run(!isRunning)}>
          {isRunning ? 'Pause' : 'Resume'}
        </button>
      </div>
      {failure && <ErrorMessage failure={failure} retry={() => void load()} />}
      {!response ? (
        !failure && <Loading rows={6} />
      ) : (
        <>
          <div class="now">
            <p class="big" aria-live="polite">
              <span class={`lamp${isRunning && !failure ? ' on' : ''}`} aria-hidden="true" />
              <b data-of="visitors">{count(response.visitors)}</b>{' '}
              <span>{response.visitors === 1 ? 'visitor' : 'visitors'} in the last 5 minutes</span>
            </p>
            <figure>
              <div class="minutes" role="img" aria-label="Events a minute, of the last 30 minutes">
                {minutes.map((events, minute) => (
                  <i
                    key={minute}
                    title={events === null ? 'Unknown' : `${count(events)} ${minutesAgo(29 - minute)}`}
                    style={{ height: events === null ? 0 : `${Math.max(3, (100 * events) / max)}%` }}
                  />
                ))}
              </div>
              <figcaption class="muted note">
                <span>30 minutes ago</span> <span>events a minute</span> <span>now</span>
              </figcaption>
            </figure>
          </div>
          {response.events.length === 0 ? (
            <Empty title="No visitors right now">
              {isRunning ? 'New events appear here by themselves.' : 'Resume to see new events.'}
            </Empty>
          ) : (
            <ul class="stream">
              {response.events.map((event) => (
                <li key={event.id}>
                  <button type="button" onClick={() => select(event)}>
                    <time dateTime={event.ts} class="muted">
                      {moment(event.ts, pixel.timezone, false)}
                    </time>
                    <Text class={event.name === ENGAGEMENT ? 'event aside' : 'event'}>{event.name}</Text>
                    <Text class="page">
                      {valueName('event:page', event.page) || valueName('event:hostname', event.hostname)}
                    </Text>
                    <span class="muted from">
                      {[
                        event.value !== null && event.currency !== ''
                          ? money({ value: event.value, currency: event.currency })
                          : '',
                        valueName('visit:source', event.source),
                        valueName('visit:country', event.country),
                        event.browser,
                      ]
                        .filter((text) => text !== '')
                        .join(' · ')}
                    </span>
                  </button>
                </li>
              ))}
            </ul>
          )}
          <p class="muted note">
            Shows at most the latest {MAX_EVENTS} events. Times are in {pixel.timezone}.
          </p>
        </>
      )}
      {selected && <Inspector event={selected} pixel={pixel} close={() => select(null)} />}
    </>
  );
}

const minutesAgo = (minutes: number): string =>
  minutes === 0 ? 'in the last minute' : `${count(minutes)} min ago`;

/** The number of events in each of the last thirty minutes; null for minutes before the oldest event of a full response. */
function perMinute(response: LiveResponse | null): (number | null)[] {
  const until = Date.parse(response?.until ?? '');
  const minuteOf = (ts: string): number => 29 - Math.floor((until - Date.parse(ts)) / 60_000);
  const events = response?.events ?? [];
  const first = events.length < MAX_EVENTS ? 0 : minuteOf(events.at(-1)?.ts ?? '');
  const minutes = Array.from<unknown, number | null>({ length: 30 }, (_, minute) =>
    minute < first ? null : 0,
  );
  for (const { ts } of events) {
    const minute = minuteOf(ts);
    if (minute in minutes) minutes[minute] = (minutes[minute] ?? 0) + 1;
  }
  return minutes;
}

/** A field's value in words; empty if the value itself is clear. */
function explain(name: string, value: unknown, event: LiveEvent): string {
  if (name === 'engaged') return duration(Number(value) / 1000);
  if (name === 'scroll') return metricValue('scroll_depth', Number(value));
  if (name === 'value' && event.currency !== '')
    return money({ value: Number(value), currency: event.currency });
  if (name === 'country' || name === 'language') return valueName(`visit:${name}`, String(value));
  return '';
}

interface InspectorProps {
  readonly event: LiveEvent;
  readonly pixel: Pixel;
  readonly close: () => void;
}

/** All fields of an event: pages and hosts in their own letters, everything else as it is stored. */
function Inspector({ event, pixel, close }: InspectorProps) {
  const { ts, props, ...rest } = event;
  const columns = Object.entries(rest).filter(([, value]) => value !== null && value !== '');
  const empty = Object.entries(rest)
    .filter(([, value]) => value === null || value === '')
    .map(([name]) => name);
  const properties = Object.entries(props);
  return (
    <Dialog title="Event" close={close} wide>
      <dl class="fields">
        <dt>time</dt>
        <dd>
          {moment(ts, pixel.timezone)}{' '}
          <span class="muted">
            in {pixel.timezone} · {ts}
          </span>
        </dd>
        {columns.map(([name, value]) => (
          <>
            <dt>{words(name).toLowerCase()}</dt>
            <dd>
              <Text class="wrap">{fieldValue(name, value)}</Text>{' '}
              <span class="muted">{explain(name, value, event)}</span>
            </dd>
          </>
        ))}
      </dl>
      {properties.length > 0 && (
        <>
          <h3>Properties</h3>
          <dl class="fields">
            {properties.map(([name, value]) => (
              <>
                <dt>
                  <Text class="wrap">{name}</Text>
                </dt>
                <dd>
                  <Text class="wrap">{String(value)}</Text>
                </dd>
              </>
            ))}
          </dl>
        </>
      )}
      {empty.length > 0 && <p class="muted note">Empty: {empty.join(', ')}.</p>}
    </Dialog>
  );
}
