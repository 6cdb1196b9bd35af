/** One conversion: what the page and the server reported, and for each destination what was sent, when, and what the network answered. */
import { DELIVERY_STATES, type DeliveryState } from '../../model/delivery.ts';
import type {
  ConversionJson,
  ConversionsJson,
  DeliveryJson,
  DestinationJson,
  NetworkJson,
} from '../../model/relay-json.ts';
import { count, moment, money } from '../format.ts';
import { useGet } from '../hooks.ts';
import { Copy, Heading, Link, ResourceView, Text } from '../ui.tsx';
import type { Place } from './address.ts';
import { AnswerText, FieldTags } from './answer.tsx';
import { STATE_MOODS, STATE_NAMES, stateMeaning } from './health.ts';
import type { PageProps } from './page-props.ts';

interface Props extends PageProps {
  readonly place: Extract<Place, { at: 'conversion' }>;
  readonly destinations: readonly DestinationJson[];
  readonly networks: readonly NetworkJson[];
}

export function ConversionPage(props: Props) {
  const { pixel, place } = props;
  const resource = useGet<ConversionsJson>(
    `/api/v1/pixels/${pixel.id}/conversions/${encodeURIComponent(place.event)}?name=${encodeURIComponent(place.name)}`,
  );
  return (
    <div class="view">
      <Heading>{place.name === '' ? 'Conversion' : place.name}</Heading>
      <ResourceView resource={resource} rows={8}>
        {({ conversions }) =>
          conversions.map((conversion) => (
            <Conversion key={conversion.name} {...props} conversion={conversion} />
          ))
        }
      </ResourceView>
    </div>
  );
}

/** The states that may ask for the owner's doing. They come first. */
const URGENT: readonly DeliveryState[] = ['refused', 'expired', 'unknown', 'waiting'];
const ORDER: readonly DeliveryState[] = [
  ...URGENT,
  ...DELIVERY_STATES.filter((state) => !URGENT.includes(state)),
];

const byUrgency = (deliveries: readonly DeliveryJson[]): DeliveryJson[] =>
  deliveries.toSorted((one, other) => ORDER.indexOf(one.state) - ORDER.indexOf(other.state));

type ConversionProps = Props & { readonly conversion: ConversionJson };

function Conversion({ conversion, ...props }: ConversionProps) {
  const { pixel, place, destinations, networks, hrefOf } = props;
  const { name, ts, event, deliveries } = conversion;
  return (
    <>
      {name !== place.name && (
        <h2>
          <Text>{name}</Text>
        </h2>
      )}
      <p class="muted anywhere">
        {moment(ts, pixel.timezone)} in {pixel.timezone}
        {event && (
          <>
            {' '}
            · <bdi>{event.page}</bdi>
            {event.value !== null && event.currency !== '' && (
              <> · {money({ value: event.value, currency: event.currency })}</>
            )}
          </>
        )}
      </p>
      <Halves conversion={conversion} destinations={destinations} networks={networks} />
      {byUrgency(deliveries).map((delivery) => {
        const destination = destinations.find(({ id }) => id === delivery.destination);
        const network = networks.find((one) => one.name === destination?.network);
        return destination && network ? (
          <Delivery
            key={delivery.destination}
            delivery={delivery}
            network={network}
            timezone={pixel.timezone}
            isStopped={destination.state === 'stopped'}
            title={
              <Link
                class="target"
                href={hrefOf({ at: 'destination', destination: destination.id, state: null })}
              >
                <Text>{destination.name}</Text>
              </Link>
            }
          />
        ) : null;
      })}
    </>
  );
}

/** What the page and the server have reported of it. */
function Halves({
  conversion,
  destinations,
  networks,
}: Pick<ConversionProps, 'conversion' | 'destinations' | 'networks'>) {
  const { event_id } = conversion.deliveries[0] ?? { event_id: '' };
  const { has_eid, reported, deliveries } = conversion;
  const titleOf = (id: string): string =>
    networks.find(({ name }) => name === destinations.find((one) => one.id === id)?.network)?.title ?? '';
  const titles = (onPage: boolean): string =>
    [
      ...new Set(
        deliveries.filter(({ on_page }) => on_page === onPage).map((one) => titleOf(one.destination)),
      ),
    ]
      .filter((title) => title !== '')
      .join(', ');
  const id = has_eid ? (
    <span class="row">
      <code>{event_id}</code> <Copy text={event_id} what="the event id" />
    </span>
  ) : null;
  return (
    <div class="columns halves">
      <Half title="The page" isReported={reported.includes('browser')}>
        <dt>Reported</dt>
        <dd>{reported.includes('browser') ? 'Yes, by the tag' : 'No'}</dd>
        <dt>Event id</dt>
        <dd>
          {id ??
            (reported.includes('browser') ? (
              <>
                None. Add <code>data-relay</code> to the snippet.
              </>
            ) : (
              'None'
            ))}
        </dd>
        <dt>Networks' own pixels</dt>
        <dd>
          {titles(true) === '' ? 'None on the page' : `${titles(true)}: on the page`}
          {titles(true) !== '' && titles(false) !== '' && <span class="muted">; not {titles(false)}</span>}
        </dd>
      </Half>
      <Half title="Your server" isReported={reported.includes('server')}>
        <dt>Reported</dt>
        <dd>
          {reported.includes('server') ? 'Yes, with a token' : 'No. It need not, if the page always does.'}
        </dd>
        <dt>Event id</dt>
        <dd>{reported.includes('server') ? (id ?? 'None. Send eid.') : '–'}</dd>
        <dt>Counted</dt>
        <dd>
          {reported.length > 1 ? 'Both have the same event id, so Speck counts the event once.' : 'Once'}
        </dd>
      </Half>
    </div>
  );
}

interface HalfProps {
  readonly title: string;
  readonly isReported: boolean;
  readonly children: preact.ComponentChildren;
}

function Half({ title, isReported, children }: HalfProps) {
  return (
    <section class="block half" data-reported={isReported}>
      <h2>
        <span class="lamp" aria-hidden="true" /> {title}
      </h2>
      <dl class="fields">{children}</dl>
    </section>
  );
}

interface DeliveryProps {
  readonly delivery: DeliveryJson;
  readonly network: NetworkJson;
  readonly timezone: string;
  /** Whether the destination has stopped. */
  readonly isStopped: boolean;
  /** The destination's name. */
  readonly title: preact.ComponentChildren;
}

function Delivery({ delivery, network, timezone, isStopped, title }: DeliveryProps) {
  const { state, sent_as, sent_at, due_at, expires_at, tries, answer, fields } = delivery;
  return (
    <section class="block delivery" data-delivery={state} aria-label={`Delivery to ${network.title}`}>
      <header class="row">
        <h2 class="grow">{title}</h2>
        <b class={STATE_MOODS[state]}>{STATE_NAMES[state]}</b>
      </header>
      <p class="muted">{stateMeaning(state, network.title, isStopped)}</p>
      <dl class="fields">
        <dt>Sent as</dt>
        <dd>
          <Text class="wrap">{sent_as}</Text>
        </dd>
        <dt>Sent</dt>
        <dd>
          {sent_at === null ? (state === 'waiting' ? 'Not yet' : 'Never') : moment(sent_at, timezone)}
          {tries > 0 && <span class="muted"> · {tries === 1 ? '1 try' : `${count(tries)} tries`}</span>}
        </dd>
        {state === 'waiting' && (
          <>
            <dt>Next try</dt>
            <dd>
              {isStopped || due_at === null
                ? 'Once you have fixed the destination'
                : moment(due_at, timezone)}
              <span class="muted"> · expires {moment(expires_at, timezone)}</span>
            </dd>
          </>
        )}
        {COUNTED.includes(state) && (
          <>
            <dt>Counted twice</dt>
            <dd>
              <Twice delivery={delivery} network={network} />
            </dd>
          </>
        )}
      </dl>
      {answer && (
        <div class={`result ${state === 'delivered' ? 'good' : state === 'refused' ? 'bad' : ''}`}>
          <AnswerText answer={answer} title={network.title} />
        </div>
      )}
      {fields.length > 0 && (
        <>
          <h3>What was sent</h3>
          <FieldTags fields={fields} />
          <p class="muted note">Names only: Speck does not store the values.</p>
        </>
      )}
    </section>
  );
}

/** The states of conversions that the network counts or may still count. */
const COUNTED: readonly DeliveryState[] = ['waiting', 'sent', 'delivered', 'unknown'];

/** Whether the network counts it as two, since its own pixel on the page has reported it as well. */
function Twice({
  delivery: { on_page, has_eid },
  network: { title, deduplicates },
}: Pick<DeliveryProps, 'delivery' | 'network'>) {
  if (!on_page) return <>No: {title}'s own pixel was not on the page.</>;
  const own = `${title}'s own pixel was on the page`;
  if (deduplicates === 'none') {
    return (
      <span class="worse">
        Yes: {own}, and {title} recognizes no event that it gets twice.
      </span>
    );
  }
  if (deduplicates === 'purchases')
    return <>Not if it is a purchase with an order id, by which {title} recognizes it.</>;
  if (has_eid) return <>No: {title}'s own pixel on the page has the same event id.</>;
  return (
    <span class="worse">
      Yes: {own}, and there is no event id. Add <code>data-relay</code> to the snippet.
    </span>
  );
}
