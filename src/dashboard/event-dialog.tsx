/** All fields of an event: pages and hosts in their own letters, everything else as it is stored. */
import type { Pixel } from './api.ts';
import { displayOf } from './dimensions.ts';
import {
  dimensionName,
  duration,
  fieldValue,
  metricValue,
  moment,
  money,
  valueName,
  words,
} from './format.ts';
import type { LiveEvent } from './stream.tsx';
import { Dialog, Text } from './ui.tsx';

/** The labels of fields that are no dimensions. */
const LABELS: Readonly<Record<string, string>> = {
  id: 'Number in Speck',
  eid: 'Event id from your site',
  name: 'Event',
  agent_class: 'Sent by',
  engaged: 'Time on page',
  scroll: 'Scrolled to',
  value: 'Revenue',
};

function labelOf(name: string): string {
  const dimension = ['event', 'visit'].map((kind) => `${kind}:${name}`).find((one) => displayOf(one));
  return LABELS[name] ?? (dimension ? dimensionName(dimension) : words(name));
}

const SENDERS: Readonly<Record<string, string>> = {
  human: 'a browser or app of a person',
  mail_proxy: 'a mail service that loads images for its readers',
};

/** A field's value in words; empty if the value itself is clear. */
function explain(name: string, value: unknown, event: LiveEvent): string {
  if (name === 'engaged') return duration(Number(value) / 1000);
  if (name === 'scroll') return metricValue('scroll_depth', Number(value));
  if (name === 'value' && event.currency !== '')
    return money({ value: Number(value), currency: event.currency });
  if (name === 'country' || name === 'language') return valueName(`visit:${name}`, String(value));
  if (name === 'agent_class') return SENDERS[String(value)] ?? '';
  return '';
}

interface Props {
  readonly event: LiveEvent;
  readonly pixel: Pixel;
  readonly close: () => void;
}

export function EventDialog({ event, pixel, close }: Props) {
  const { ts, props, ...rest } = event;
  const columns = Object.entries(rest).filter(([, value]) => value !== null && value !== '');
  const empty = Object.entries(rest)
    .filter(([, value]) => value === null || value === '')
    .map(([name]) => labelOf(name));
  const properties = Object.entries(props);
  return (
    <Dialog title="Event" close={close} wide>
      <dl class="fields">
        <dt>Time</dt>
        <dd>
          {moment(ts, pixel.timezone)}{' '}
          <span class="muted">
            in {pixel.timezone} · {ts}
          </span>
        </dd>
        {columns.map(([name, value]) => (
          <>
            <dt>{labelOf(name)}</dt>
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
