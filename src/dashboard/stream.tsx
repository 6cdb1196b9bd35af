/** Events in plain words, the latest first. */
import { duration, metricValue, moment, money, valueName } from './format.ts';
import { Text } from './ui.tsx';

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
  /** Of reports of attention: milliseconds, and per cent. */
  readonly engaged: number | null;
  readonly scroll: number | null;
  readonly value: number | null;
  readonly currency: string;
  readonly props: Readonly<Record<string, string>>;
  readonly [column: string]: unknown;
}

const ENGAGEMENT = 'engagement';

interface Props {
  readonly events: readonly LiveEvent[];
  readonly timezone: string;
  readonly select: (event: LiveEvent) => void;
}

export function Stream({ events, timezone, select }: Props) {
  return (
    <ul class="stream">
      {events.map((event) => (
        <li key={event.id}>
          <button type="button" onClick={() => select(event)}>
            <time dateTime={event.ts} class="muted">
              {moment(event.ts, timezone, false)}
            </time>
            <Text class={event.name === ENGAGEMENT ? 'event aside' : 'event'}>{whatHappened(event)}</Text>
            <Text class="page">
              {valueName('event:page', event.page) || valueName('event:hostname', event.hostname)}
            </Text>
            <span class="muted from">
              {[
                valueName('visit:country', event.country),
                [event.device, event.browser].filter(Boolean).join(', '),
                event.source === '' ? '' : `from ${valueName('visit:source', event.source)}`,
              ]
                .filter((text) => text !== '')
                .join(' · ')}
            </span>
          </button>
        </li>
      ))}
    </ul>
  );
}

/** An event in plain words. Custom events have names that their owner gave. */
function whatHappened({ name, engaged, scroll, value, currency }: LiveEvent): string {
  if (name === 'pageview') return 'Viewed';
  if (name === ENGAGEMENT) {
    const read = scroll === null ? '' : `, scrolled to ${metricValue('scroll_depth', scroll)}`;
    return engaged === null ? `Read${read}` : `Read for ${duration(engaged / 1000)}${read}`;
  }
  return value === null || currency === '' ? name : `${name}, ${money({ value, currency })}`;
}
