/** What is happening now: visitors of the last half hour, and events as they come. */
import { useEffect, useState } from 'preact/hooks';
import { call, Failure, type Pixel } from './api.ts';
import { count, duration, fieldValue, metricValue, moment, money, valueName, words } from './format.ts';
import { useEvery } from './hooks.ts';
import { Dialog, Empty, Heading, Loading, Text, Trouble } from './ui.tsx';

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
export interface LiveAnswer {
  readonly since: string;
  readonly until: string;
  readonly visitors: number;
  readonly events: readonly LiveEvent[];
}

const EVERY = 4000;
/** The most events that an answer has. */
const MOST = 100;
/** How a page was read: it counts as no event. */
const ENGAGEMENT = 'engagement';

export default function Live({ pixel }: { readonly pixel: Pixel }) {
  const [answer, set] = useState<LiveAnswer | null>(null);
  const [failure, setFailure] = useState<Failure | null>(null);
  const [running, run] = useState(true);
  const [at, open] = useState<LiveEvent | null>(null);
  const look = async (): Promise<void> => {
    if (!running) return;
    try {
      set(await call<LiveAnswer>('GET', `/api/v1/pixels/${pixel.id}/live`));
      setFailure(null);
    } catch (error) {
      if (error instanceof Failure) setFailure(error);
    }
  };
  useEvery(EVERY, look);
  useEffect(() => void look(), [running]);
  const minutes = perMinute(answer);
  const most = Math.max(1, ...minutes.map((events) => events ?? 0));
  return (
    <>
      <div class="row title">
        <Heading>Live</Heading>
        <button type="button" class="quiet" aria-pressed={!running} onClick={() => run(!running)}>
          {running ? 'Pause' : 'Go on'}
        </button>
      </div>
      {failure && <Trouble failure={failure} retry={() => void look()} />}
      {!answer ? (
        !failure && <Loading rows={6} />
      ) : (
        <>
          <div class="now">
            <p class="big" aria-live="polite">
              <span class={`lamp${running && !failure ? ' on' : ''}`} aria-hidden="true" />
              <b data-of="visitors">{count(answer.visitors)}</b>{' '}
              <span>{answer.visitors === 1 ? 'visitor' : 'visitors'} in the last 30 minutes</span>
            </p>
            <figure>
              <div class="minutes" role="img" aria-label="Events a minute, of the last 30 minutes">
                {minutes.map((events, minute) => (
                  <i
                    key={minute}
                    title={events === null ? 'Not known' : `${count(events)} ${minutesAgo(29 - minute)}`}
                    style={{ height: events === null ? 0 : `${Math.max(3, (100 * events) / most)}%` }}
                  />
                ))}
              </div>
              <figcaption class="muted note">
                <span>30 minutes ago</span> <span>events a minute</span> <span>now</span>
              </figcaption>
            </figure>
          </div>
          {answer.events.length === 0 ? (
            <Empty title="Nobody is here">
              {running
                ? 'Events appear here by themselves as they come.'
                : 'Go on to see events as they come.'}
            </Empty>
          ) : (
            <ul class="stream">
              {answer.events.map((event) => (
                <li key={event.id}>
                  <button type="button" onClick={() => open(event)}>
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
            The latest {MOST} events at most. Times are in {pixel.timezone}.
          </p>
        </>
      )}
      {at && <Inspector event={at} pixel={pixel} close={() => open(null)} />}
    </>
  );
}

const minutesAgo = (minutes: number): string =>
  minutes === 0 ? 'in the last minute' : `${count(minutes)} min ago`;

/** Events of each of the last thirty minutes; null of those that the answer does not reach back to. */
function perMinute(answer: LiveAnswer | null): (number | null)[] {
  const until = Date.parse(answer?.until ?? '');
  const placeOf = (ts: string): number => 29 - Math.floor((until - Date.parse(ts)) / 60_000);
  const events = answer?.events ?? [];
  const first = events.length < MOST ? 0 : placeOf(events.at(-1)?.ts ?? '');
  const minutes = Array.from<unknown, number | null>({ length: 30 }, (_, place) =>
    place < first ? null : 0,
  );
  for (const { ts } of events) {
    const place = placeOf(ts);
    if (place in minutes) minutes[place] = (minutes[place] ?? 0) + 1;
  }
  return minutes;
}

/** What a field's value means, where that does not go without saying. */
function meaning(name: string, value: unknown, event: LiveEvent): string {
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

/** One event, field by field: pages and hosts in their own letters, all else as it is stored. */
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
              <Text class="whole">{fieldValue(name, value)}</Text>{' '}
              <span class="muted">{meaning(name, value, event)}</span>
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
                  <Text class="whole">{name}</Text>
                </dt>
                <dd>
                  <Text class="whole">{String(value)}</Text>
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
