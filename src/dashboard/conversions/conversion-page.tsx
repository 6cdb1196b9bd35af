/** One conversion: what the page and the server reported, and for each destination what was sent, when, and what the network answered. */
import type { DeliveryState } from '../../model/delivery.ts';
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
import { fromNow, type Now, nowIn } from './times.ts';

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

/** The states of a conversion at a destination: those first that may ask for the owner's doing. */
const ORDER: readonly DeliveryState[] = [
  'refused',
  'expired',
  'unknown',
  'waiting',
  'sent',
  'delivered',
  'withdrawn',
];

interface Part {
  readonly delivery: DeliveryJson;
  readonly destination: DestinationJson;
  readonly network: NetworkJson;
}

/** The deliveries with their destinations: those first that need the owner, of those that wait the ones that have stopped. */
function partsOf({ deliveries }: ConversionJson, { destinations, networks }: Props): Part[] {
  const rank = ({ delivery: { state }, destination }: Part): number =>
    ORDER.indexOf(state) - (state === 'waiting' && destination.state === 'stopped' ? 0.5 : 0);
  return deliveries
    .flatMap((delivery) => {
      const destination = destinations.find(({ id }) => id === delivery.destination);
      const network = networks.find((one) => one.name === destination?.network);
      return destination && network ? [{ delivery, destination, network }] : [];
    })
    .toSorted((one, other) => rank(one) - rank(other));
}

/** How many destinations have it, in a sentence. */
function resultOf(parts: readonly Part[]): string {
  const numbers = ORDER.toReversed().flatMap((state) => {
    const number = parts.filter(({ delivery }) => delivery.state === state).length;
    return number === 0 ? [] : [`${count(number)} ${STATE_NAMES[state].toLowerCase()}`];
  });
  const of = parts.length === 1 ? '1 destination' : `${count(parts.length)} destinations`;
  return `${of}: ${numbers.join(', ')}`;
}

type ConversionProps = Props & { readonly conversion: ConversionJson };

function Conversion({ conversion, ...props }: ConversionProps) {
  const { pixel, place, destinations, networks, hrefOf } = props;
  const { name, ts, event } = conversion;
  const parts = partsOf(conversion, props);
  const now = nowIn(pixel.timezone);
  return (
    <>
      {name !== place.name && (
        <h2>
          <Text>{name}</Text>
        </h2>
      )}
      <p class="muted anywhere">
        {moment(ts, pixel.timezone)} in {pixel.timezone}, {fromNow(ts, now)}
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
      <p class="anywhere">{resultOf(parts)}.</p>
      <Halves conversion={conversion} destinations={destinations} networks={networks} />
      {parts.map(({ delivery, destination, network }) => (
        <Delivery
          key={destination.id}
          delivery={delivery}
          destination={destination}
          network={network}
          now={now}
          href={hrefOf({ at: 'destination', destination: destination.id, state: null })}
        />
      ))}
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
        {reported.includes('server') && (
          <>
            <dt>Event id</dt>
            <dd>{id ?? 'None. Send eid.'}</dd>
          </>
        )}
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

interface DeliveryProps extends Part {
  readonly now: Now;
  /** The address of the destination. */
  readonly href: string;
}

const RESULTS: { readonly [State in DeliveryState]?: string } = {
  delivered: 'good',
  refused: 'bad',
  expired: 'bad',
  unknown: 'bad',
};

function Delivery({ delivery, destination, network, now, href }: DeliveryProps) {
  const { state, sent_as, tries, fields, expires_at } = delivery;
  // One that waits since the destination has a problem was never sent, so it has no answer of its own.
  const problem = state === 'waiting' ? destination.problem : null;
  const answer = delivery.answer ?? (problem && { ...problem, trace: '' });
  return (
    <section
      class="block delivery"
      data-delivery={state}
      // No two destinations have the same network and account.
      aria-label={`Delivery to ${destination.name}, ${network.title} ${destination.account}`}
    >
      <header class="row">
        <h2 class="grow">
          <Link class="target" href={href}>
            <Text class="wrap">{destination.name}</Text>
          </Link>
        </h2>
        <b class={STATE_MOODS[state]}>{STATE_NAMES[state]}</b>
      </header>
      <p>{stateMeaning(delivery, network.title, destination)}</p>
      {answer && (
        <div class={`result ${RESULTS[state] ?? ''}`}>
          <AnswerText answer={answer} title={network.title} />
        </div>
      )}
      <dl class="fields">
        <dt>Sent as</dt>
        <dd>
          <Text class="wrap">{sent_as}</Text>
        </dd>
        <dt>Sent</dt>
        <dd>
          <Sent delivery={delivery} now={now} />
          {tries > 0 && <span class="muted"> · {tries === 1 ? '1 try' : `${count(tries)} tries`}</span>}
        </dd>
        {state === 'waiting' && (
          <>
            <dt>Next try</dt>
            <dd>
              <NextTry delivery={delivery} destination={destination} now={now} />
            </dd>
            <dt>Expires</dt>
            <dd>
              <Time at={expires_at} now={now} />
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

/** A time, and how far away it is. */
function Time({ at, now }: { readonly at: string; readonly now: Now }) {
  return (
    <>
      <time dateTime={at}>{moment(at, now.timezone)}</time>
      <span class="muted"> · {fromNow(at, now)}</span>
    </>
  );
}

function Sent({ delivery: { state, sent_at }, now }: Pick<DeliveryProps, 'delivery' | 'now'>) {
  if (sent_at !== null) return <Time at={sent_at} now={now} />;
  return <>{state === 'waiting' ? 'Not yet' : 'No'}</>;
}

/** When it is sent: not before the destination as a whole is tried again. */
function NextTry({
  delivery: { due_at },
  destination: { state, problem },
  now,
}: Pick<DeliveryProps, 'delivery' | 'destination' | 'now'>) {
  if (state === 'stopped') return <>Once you have fixed the destination</>;
  const times = [due_at, problem?.retry_at ?? null].filter((time) => time !== null);
  const latest = times.toSorted().at(-1);
  if (latest === undefined || Date.parse(latest) <= now.at) return <>It is due</>;
  return <Time at={latest} now={now} />;
}

/** The states of conversions that the network counts or may still count. */
const COUNTED: readonly DeliveryState[] = ['waiting', 'sent', 'delivered', 'unknown'];

/** Whether the network counts it as two, since its own pixel on the page has reported it as well. */
function Twice({
  delivery: { on_page, has_eid },
  network: { title, deduplicates },
}: Pick<Part, 'delivery' | 'network'>) {
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
