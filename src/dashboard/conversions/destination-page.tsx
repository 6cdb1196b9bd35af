/** One destination: how it is, its numbers, a test, and its ledger. */
import type { DeliveryState } from '../../model/delivery.ts';
import type { DestinationJson, DestinationSummaryJson, NetworkJson } from '../../model/relay-json.ts';
import { call } from '../api.ts';
import { count, duration, moment } from '../format.ts';
import { Confirm, useSubmission } from '../forms.tsx';
import { go, useGet } from '../hooks.ts';
import { ErrorMessage, Heading, Link, ResourceView, Text } from '../ui.tsx';
import { answerText, ended, healthOf } from './health.ts';
import { Ledger } from './ledger.tsx';
import { State } from './list.tsx';
import type { PageProps } from './page-props.ts';
import { Sentences } from './sentences.tsx';
import { TestEvent } from './test-event.tsx';

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
      <section class="destination" data-state={destination.state} data-mode={destination.mode}>
        <header class="row">
          <p class="grow muted anywhere">
            <span>
              {network.title} · <bdi>{destination.account}</bdi>
            </span>
          </p>
          <State destination={destination} />
        </header>
        <Rules destination={destination} />
        <h2>The last 7 days</h2>
        <ResourceView resource={summary} rows={4}>
          {(data) => (
            <>
              <Sentences sentences={healthOf(destination, data, network)} />
              <Figures summary={data} />
            </>
          )}
        </ResourceView>
      </section>
      <div class="columns">
        <div>
          {summary.data && <Refusals summary={summary.data} network={network} timezone={pixel.timezone} />}
          <TestEvent path={path} destination={destination} network={network} onTest={reload} />
        </div>
        {summary.data && <MatchKeys summary={summary.data} network={network} />}
      </div>
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

function Figures({ summary }: { readonly summary: DestinationSummaryJson }) {
  const { states, deduplicable, on_page, median_delay, p95_delay } = summary;
  const numbers: readonly (readonly [label: string, value: string, about: string])[] = [
    ['Delivered', count(states.delivered), ''],
    ['Refused', count(states.refused), ''],
    ['Waiting', count(states.waiting + states.sent), ''],
    ['Expired', count(states.expired), ''],
    ['Withdrawn', count(states.withdrawn), ''],
    [
      'Deduplicable',
      count(deduplicable),
      on_page === 0
        ? ''
        : `${percent(deduplicable, on_page)} of the ${count(on_page)} with the network's pixel on the page`,
    ],
    [
      'Median delay',
      median_delay === null ? '–' : duration(median_delay / 1000),
      p95_delay === null
        ? ''
        : `from the event to the delivery; 95 of 100 within ${duration(p95_delay / 1000)}`,
    ],
  ];
  return (
    <dl class="figures numbers">
      {numbers.map(([label, value, about]) => (
        <div key={label}>
          <dt>{label}</dt>
          <dd>{value}</dd>
          {about !== '' && <dd class="number-note muted">{about}</dd>}
        </div>
      ))}
    </dl>
  );
}

interface PartProps {
  readonly summary: DestinationSummaryJson;
  readonly network: NetworkJson;
}

function Refusals({ summary: { refusals }, network, timezone }: PartProps & { readonly timezone: string }) {
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
              <span class="anywhere">
                {answerText({ status, code, message, trace: '', advice }, network.title)}
              </span>
              {advice !== '' && (
                <span class="advice anywhere">
                  <b>What to do:</b> {ended(advice)}
                </span>
              )}
              <span class="muted note">Last: {moment(last_at, timezone)}</span>
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
