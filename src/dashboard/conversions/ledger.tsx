/** The ledger of a destination: each conversion and what became of it, the newest first. */
import { useState } from 'preact/hooks';
import { DELIVERY_STATES, type DeliveryState, LEDGER_DAYS } from '../../model/delivery.ts';
import type { DeliveriesJson, DeliveryJson, DestinationJson, NetworkJson } from '../../model/relay-json.ts';
import { moment } from '../format.ts';
import { InlineChoice } from '../forms.tsx';
import { go, useGet } from '../hooks.ts';
import { Empty, Link, ResourceView, Text } from '../ui.tsx';
import { answerText, reportedBy, STATE_MOODS, STATE_NAMES } from './health.ts';
import type { PageProps } from './page-props.ts';

interface Props extends Omit<PageProps, 'reload'> {
  readonly destination: DestinationJson;
  readonly network: NetworkJson;
  /** The destination's address in the API. */
  readonly path: string;
  readonly state: DeliveryState | null;
}

/** Conversions that are loaded at once. */
const LIMIT = 50;

/** How many parts of a ledger the reader has loaded, so that Back shows as many again. */
const parts = new Map<string, number>();

export function Ledger(props: Props) {
  const { hrefOf, destination, path, state } = props;
  const key = `${path} ${state}`;
  const [, render] = useState({});
  return (
    <section class="view" aria-labelledby="ledger">
      <div class="row title">
        <h2 id="ledger">Ledger</h2>
        <InlineChoice
          label="State"
          options={[['', 'All states'], ...DELIVERY_STATES.map((one) => [one, STATE_NAMES[one]] as const)]}
          value={state ?? ''}
          set={(next) =>
            go(
              hrefOf({
                at: 'destination',
                destination: destination.id,
                state: next === '' ? null : (next as DeliveryState),
              }),
              'replace',
            )
          }
        />
      </div>
      <LedgerPart
        key={key}
        {...props}
        before={null}
        left={parts.get(key) ?? 1}
        more={() => {
          parts.set(key, (parts.get(key) ?? 1) + 1);
          render({});
        }}
      />
    </section>
  );
}

interface PartProps extends Props {
  readonly before: string | null;
  /** How many parts are shown from this one on. */
  readonly left: number;
  readonly more: () => void;
}

function LedgerPart({ before, left, more, ...props }: PartProps) {
  const { path, state } = props;
  const resource = useGet<DeliveriesJson>(
    `${path}/deliveries?limit=${LIMIT}${state === null ? '' : `&state=${state}`}${
      before === null ? '' : `&before=${encodeURIComponent(before)}`
    }`,
  );
  return (
    <ResourceView resource={resource} rows={6}>
      {({ deliveries, next }) => (
        <>
          {deliveries.length === 0 && before === null ? (
            <Empty
              title={
                state === null ? 'No conversions yet' : `No conversions in the state ${STATE_NAMES[state]}`
              }
            >
              {state === null
                ? `Each event that matches a rule appears here, and stays for ${LEDGER_DAYS} days.`
                : 'Choose another state to see the others.'}
            </Empty>
          ) : (
            <ul class="stream ledger">
              {deliveries.map((delivery) => (
                <Row key={`${delivery.name} ${delivery.event_id}`} {...props} delivery={delivery} />
              ))}
            </ul>
          )}
          {next !== null && left <= 1 && (
            <p>
              <button type="button" class="quiet" onClick={more}>
                Load more
              </button>
            </p>
          )}
          {next !== null && left > 1 && <LedgerPart {...props} before={next} left={left - 1} more={more} />}
        </>
      )}
    </ResourceView>
  );
}

function Row({ pixel, hrefOf, network, delivery }: Props & { readonly delivery: DeliveryJson }) {
  const { name, event_id, sent_as, ts, state } = delivery;
  return (
    <li data-delivery={state}>
      <Link class="entry" href={hrefOf({ at: 'conversion', name, event: event_id })}>
        <time dateTime={ts} class="muted">
          {moment(ts, pixel.timezone)}
        </time>
        <Text class="event">{name === sent_as ? name : `${name} → ${sent_as}`}</Text>
        <span class={`state ${STATE_MOODS[state]}`}>{STATE_NAMES[state]}</span>
        <Text class="muted id">{event_id}</Text>
        <Text class="muted why">{reasonOf(delivery, network)}</Text>
      </Link>
    </li>
  );
}

/** What a ledger tells of a conversion beside its state: what was wrong with it, else who has reported it. */
function reasonOf(delivery: DeliveryJson, network: NetworkJson): string {
  const { state, on_page, has_eid, tries, answer } = delivery;
  const { title, deduplicates } = network;
  if (state === 'delivered' && on_page && deduplicates === 'all' && !has_eid)
    return `No event id: ${title} counts it twice`;
  if (state === 'delivered' && on_page && deduplicates === 'none')
    return `${title}'s pixel reported it, too: ${title} counts it twice`;
  if (state === 'withdrawn') return 'The visitor withdrew consent';
  if (state === 'expired' && answer === null) return `Too old for ${title}`;
  if (state === 'waiting' && answer === null) return tries === 0 ? 'Not sent yet' : 'Being sent';
  if (answer === null || (answer.message === '' && (state === 'delivered' || state === 'sent')))
    return reportedBy(delivery, network);
  return answerText(answer, title);
}
