/** What an owner checks if a destination is on and has nothing to send: which of its events came in at all, and what each needs. */
import type { DestinationJson, DestinationSummaryJson } from '../../model/relay-json.ts';
import type { Filter, Pixel } from '../api.ts';
import { count } from '../format.ts';
import { useQuery } from '../hooks.ts';
import { Link } from '../ui.tsx';
import { isEmpty } from './health.ts';

/** Whether a destination would send conversions and has none. */
export function isSilent({ state }: DestinationJson, summary: DestinationSummaryJson): boolean {
  return state === 'on' && isEmpty(summary);
}

interface Props {
  readonly pixel: Pixel;
  readonly destination: DestinationJson;
}

interface Part {
  readonly dimension: 'event:name' | 'event:goal';
  readonly names: readonly string[];
}

export function Silence({ pixel, destination }: Props) {
  const { rules, missing_goals } = destination;
  const parts: readonly Part[] = [
    { dimension: 'event:name', names: rules.flatMap((rule) => ('event' in rule ? [rule.event] : [])) },
    {
      dimension: 'event:goal',
      names: rules.flatMap((rule) =>
        'goal' in rule && !missing_goals.includes(rule.goal) ? [rule.goal] : [],
      ),
    },
  ];
  return (
    <section class="block" aria-labelledby="silence">
      <h2 id="silence">Why nothing is sent</h2>
      <ul>
        {parts
          .filter(({ names }) => names.length > 0)
          .map((part) => (
            <Arrived key={part.dimension} pixel={pixel} {...part} />
          ))}
        <li class="sentence">
          <b>Consent:</b> only events of visitors who have granted it are sent. Your page tells Speck with{' '}
          <code>speck('consent', 'granted')</code>, or each event has <code>consent=granted</code>.
        </li>
        <li class="sentence">
          <b>Refusals:</b> nothing is sent of browsers with Global Privacy Control or Do Not Track, of
          visitors who opted out, and of bots.
        </li>
        <li class="sentence">
          <b>Time:</b> only events from after the destination was added are sent.{' '}
          <Link href={`/app/${pixel.id}/live`}>Live</Link> shows the events as they arrive.
        </li>
      </ul>
    </section>
  );
}

/** How many events that its rules name came in, whether they could be sent or not. */
function Arrived({ pixel, dimension, names }: Part & { readonly pixel: Pixel }) {
  const filter: Filter = ['is', dimension, names];
  const { data } = useQuery({
    site_id: pixel.id,
    metrics: ['events'],
    date_range: '7d',
    filters: [filter],
  });
  if (data === null) return null;
  const number = Number(data.results[0]?.metrics[0] ?? 0);
  const what = dimension === 'event:goal' ? 'that reach the goals' : 'named';
  const list = names.map((name) => `“${name}”`).join(', ');
  return (
    <li class="sentence" data-mood={number === 0 ? 'worse' : 'same'}>
      {number === 0 ? (
        <>
          <b>
            No events {what} {list} came in
          </b>{' '}
          within 7 days. Compare the names with those that your site sends.
        </>
      ) : (
        <>
          <b>
            {count(number)} {number === 1 ? 'event' : 'events'} {what} {list}
          </b>{' '}
          came in within 7 days, and none could be sent.
        </>
      )}
    </li>
  );
}
