/** One destination: how it is, its numbers, a test, and its ledger. */
import type { DeliveryState } from '../../model/delivery.ts';
import type { DestinationJson, DestinationSummaryJson, NetworkJson } from '../../model/relay-json.ts';
import { call } from '../api.ts';
import { Bars } from '../bars.tsx';
import { count, dayName, duration, moment } from '../format.ts';
import { Confirm, useSubmission } from '../forms.tsx';
import { go, useGet } from '../hooks.ts';
import { ErrorMessage, Heading, Link, ResourceView, Text } from '../ui.tsx';
import { answerText, ended, healthOf, statusOf } from './health.ts';
import { Ledger } from './ledger.tsx';
import { Lamp } from './list.tsx';
import type { PageProps } from './page-props.ts';
import { Sentences } from './sentences.tsx';
import { isSilent, Silence } from './silence.tsx';
import { TestEvent } from './test-event.tsx';
import { fromNow, type Now, nowIn } from './times.ts';

interface Props extends PageProps {
  readonly destination: DestinationJson;
  readonly network: NetworkJson;
  /** The part of the ledger that is shown. */
  readonly state: DeliveryState | null;
}

export function DestinationPage({ pixel, hrefOf, reload, destination, network, state }: Props) {
  const path = `/api/v1/pixels/${pixel.id}/destinations/${destination.id}`;
  const summary = useGet<DestinationSummaryJson>(`${path}/summary?days=7`);
  /** Null: not known yet. */
  const waiting = summary.data?.states.waiting ?? null;
  const status = statusOf(destination, summary.data);
  const { busy, failure, send } = useSubmission();
  const switchTo = (next: 'on' | 'off') =>
    send(async () => {
      await call('PATCH', path, { state: next });
      reload();
      return undefined;
    });
  const remove = async (): Promise<undefined> => {
    await call('DELETE', path);
    go(hrefOf({ at: 'list' }));
    reload();
  };
  return (
    <div class="view">
      <div class="row title">
        <Heading>{destination.name}</Heading>
        <span class="actions">
          {destination.state !== 'on' && (
            <button type="button" class="quiet" disabled={busy} onClick={() => void switchTo('on')}>
              {destination.state === 'off' ? 'Switch on' : 'Start again'}
            </button>
          )}
          {destination.state !== 'off' &&
            (waiting !== 0 ? (
              <Confirm
                label="Switch off"
                confirm={`Switch off, and drop ${waiting === null ? 'what waits' : `the ${count(waiting)} that ${waiting === 1 ? 'waits' : 'wait'}`}`}
                cancel="Keep it on"
                act={() => void switchTo('off')}
              />
            ) : (
              <button type="button" class="quiet" disabled={busy} onClick={() => void switchTo('off')}>
                Switch off
              </button>
            ))}
          <Link class="button quiet" href={hrefOf({ at: 'edit', destination: destination.id })}>
            Edit
          </Link>
          <Confirm
            label="Delete"
            confirm="Delete it with its ledger, and what waits"
            act={() => void send(remove)}
          />
        </span>
      </div>
      {failure && <ErrorMessage failure={failure} />}
      <section class="destination" data-tone={status.tone}>
        <header class="row">
          <p class="grow muted anywhere">
            <span>
              {network.title} · <bdi>{destination.account}</bdi>
            </span>
          </p>
          <span role="status">
            <Lamp status={status} />
          </span>
        </header>
        <Rules destination={destination} />
        <h2>The last 7 days</h2>
        <ResourceView resource={summary} rows={4}>
          {(data) => (
            <>
              <Sentences sentences={healthOf(destination, data, network, nowIn(pixel.timezone))} />
              <Figures summary={data} network={network} />
              <Trend summary={data} />
            </>
          )}
        </ResourceView>
      </section>
      {summary.data && isSilent(destination, summary.data) && (
        <Silence pixel={pixel} destination={destination} />
      )}
      {summary.data && (
        <div class="columns">
          <Refusals summary={summary.data} network={network} now={nowIn(pixel.timezone)} />
          <MatchKeys summary={summary.data} network={network} />
        </div>
      )}
      <TestEvent path={path} destination={destination} network={network} onTest={reload} />
      <Ledger
        pixel={pixel}
        hrefOf={hrefOf}
        destination={destination}
        network={network}
        path={path}
        state={state}
      />
    </div>
  );
}

function Rules({ destination: { rules } }: { readonly destination: DestinationJson }) {
  return (
    <ul class="anywhere">
      {rules.map((rule) => {
        return (
          <li class="tag" key={JSON.stringify(rule)}>
            <span>
              {'goal' in rule ? 'Goal ' : ''}
              <bdi>{'goal' in rule ? rule.goal : rule.event}</bdi> → <bdi>{rule.as}</bdi>
            </span>
          </li>
        );
      })}
    </ul>
  );
}

const percent = (part: number, of: number): string => (of === 0 ? '–' : `${Math.round((100 * part) / of)}%`);

function Figures({ summary, network }: PartProps) {
  const { states, deduplicable, on_page, median_delay, p95_delay } = summary;
  const numbers: readonly (readonly [label: string, value: number])[] = [
    ['Delivered', states.delivered],
    ['Refused', states.refused],
    ['Waiting', states.waiting + states.sent],
    ['Expired', states.expired],
    ['Withdrawn', states.withdrawn],
  ];
  const notes: readonly (readonly [label: string, value: string, about: string])[] = [
    ...(network.deduplicates === 'all' && deduplicable !== null && on_page > 0
      ? ([
          [
            'Deduplicable',
            `${count(deduplicable)} of ${count(on_page)}`,
            `that ${network.title}'s own pixel reports as well: both have the same event id`,
          ],
        ] as const)
      : []),
    ...(median_delay === null || p95_delay === null
      ? []
      : ([
          [
            'Median delay',
            duration(median_delay / 1000),
            `from the event to the delivery; 95 of 100 within ${duration(p95_delay / 1000)}`,
          ],
        ] as const)),
  ];
  return (
    <dl class="figures numbers">
      {numbers.map(([label, value]) => (
        <div key={label}>
          <dt>{label}</dt>
          <dd>{count(value)}</dd>
        </div>
      ))}
      {notes.map(([label, value, about]) => (
        <div key={label} class="noted">
          <dt>{label}</dt>
          <dd>{value}</dd>
          <dd class="number-note muted">{about}</dd>
        </div>
      ))}
    </dl>
  );
}

/** What became of the conversions of each day, so that one sees when something broke. */
function Trend({ summary: { by_day } }: { readonly summary: DestinationSummaryJson }) {
  const days = by_day.map(({ date, states }) => ({
    label: date,
    parts: [states.delivered, states.refused + states.expired + states.unknown, states.waiting + states.sent],
  }));
  if (days.every(({ parts }) => parts.every((part) => part === 0))) return null;
  const shown = PARTS.map((name, part) => ({ name, part })).filter(({ part }) =>
    days.some(({ parts }) => (parts[part] ?? 0) > 0),
  );
  const inWords = days
    .map(({ label, parts }) => {
      const numbers = shown.map(({ name, part }) => `${count(parts[part] ?? 0)} ${name}`);
      return `${dayName(label)}: ${numbers.join(', ')}`;
    })
    .join('; ');
  return (
    <figure class="trend">
      <figcaption class="row muted">
        <span>By day of the event</span>
        {shown.map(({ name, part }) => (
          <span key={name}>
            <span class={`swatch shade${part}`} aria-hidden="true" /> {name}
          </span>
        ))}
      </figcaption>
      <Bars name={inWords} unit="conversions" stacks={days} height={110} />
    </figure>
  );
}

const PARTS = ['delivered', 'not delivered', 'waiting'] as const;

interface PartProps {
  readonly summary: DestinationSummaryJson;
  readonly network: NetworkJson;
}

function Refusals({ summary: { refusals }, network, now }: PartProps & { readonly now: Now }) {
  if (refusals.length === 0) return null;
  return (
    <section class="block">
      <h2>Refused, and why</h2>
      <ul class="items">
        {refusals.map(({ name, status, code, message, advice, count: n, last_at }) => (
          <li key={`${name} ${status} ${code} ${message}`} class="refusal">
            <b class="number">{count(n)}</b>
            <div class="grow">
              <b>
                <Text class="wrap">{name}</Text>
              </b>
              {advice !== '' && (
                <span class="anywhere">
                  <b>What to do:</b> {ended(advice)}
                </span>
              )}
              <span class={advice === '' ? 'anywhere' : 'anywhere muted'}>
                {answerText({ status, code, message }, network.title)}
              </span>
              <span class="muted note">
                Last: {moment(last_at, now.timezone)}, {fromNow(last_at, now)}
              </span>
            </div>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** By how many of the conversions the network can find the person. */
function MatchKeys({ summary: { match_keys, match_keys_of }, network }: PartProps) {
  if (match_keys.length === 0) return null;
  return (
    <section class="block">
      <h2>Match keys</h2>
      <p class="muted note">
        The fields by which {network.title} finds the person, and how many of the {count(match_keys_of)}{' '}
        conversions that were handed over had each.
      </p>
      <table class="rows keys-present">
        <thead>
          <tr>
            <th scope="col">Field</th>
            <th scope="col" class="number">
              Share
            </th>
          </tr>
        </thead>
        <tbody>
          {match_keys.map(({ name, hashed, share }) => (
            <tr key={name}>
              <th scope="row">
                <span class="bar" style={{ width: `${100 * share}%` }} aria-hidden="true" />
                <span class="cell">
                  <span class="label">
                    <code class="text">{name}</code>
                    {hashed && <span class="hashed">hashed</span>}
                  </span>
                </span>
              </th>
              <td class="number">{percent(share, 1)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
