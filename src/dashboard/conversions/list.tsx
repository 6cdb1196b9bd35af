/** The destinations of a pixel and how each of them is; or what conversions are, before there is one. */
import type { DestinationJson, DestinationSummaryJson, NetworkJson } from '../../model/relay-json.ts';
import { useGet } from '../hooks.ts';
import { Link, ResourceView, Text } from '../ui.tsx';
import { Conditions } from './conditions.tsx';
import { byTrouble, healthOf, type Status, statusOf } from './health.ts';
import type { PageProps } from './page-props.ts';
import { Sentences } from './sentences.tsx';
import { isSilent } from './silence.tsx';
import { nowIn } from './times.ts';

interface Props extends PageProps {
  readonly destinations: readonly DestinationJson[];
  readonly networks: readonly NetworkJson[];
}

export function DestinationList({ pixel, hrefOf, destinations, networks }: Props) {
  if (destinations.length === 0) {
    return (
      <section class="block intro">
        <h2>No destinations: nothing is sent</h2>
        <p>
          Conversions tell advertising networks which purchases and sign-ups came from their advertisements:
          Speck sends them from its server, and shows here what each network answered. Only events of visitors
          who granted their consent are sent, never those of browsers with Global Privacy Control or Do Not
          Track, and a visitor who withdraws the consent stops what still waits. Nothing is sent by default:
          it begins when you add a destination and choose its events.
        </p>
        <p>
          <Link class="button" href={hrefOf({ at: 'new', network: null })}>
            Add a destination
          </Link>
        </p>
      </section>
    );
  }
  return (
    <>
      <p class="muted">Each destination with its last 7 days. Those that need you come first.</p>
      <Conditions pixel={pixel} />
      <ul class="destinations">
        {byTrouble(destinations).map((destination) => {
          const network = networks.find(({ name }) => name === destination.network);
          return (
            network && (
              <Card
                key={destination.id}
                pixel={pixel}
                hrefOf={hrefOf}
                destination={destination}
                network={network}
              />
            )
          );
        })}
      </ul>
    </>
  );
}

interface CardProps extends Pick<Props, 'pixel' | 'hrefOf'> {
  readonly destination: DestinationJson;
  readonly network: NetworkJson;
}

function Card({ pixel, hrefOf, destination, network }: CardProps) {
  const summary = useGet<DestinationSummaryJson>(
    `/api/v1/pixels/${pixel.id}/destinations/${destination.id}/summary?days=7`,
  );
  const status = statusOf(destination, summary.data);
  const address = hrefOf({ at: 'destination', destination: destination.id, state: null });
  return (
    <li class="destination" data-tone={status.tone}>
      <header class="row">
        <h2 class="grow">
          <Link class="target" href={address}>
            <Text class="wrap">{destination.name}</Text>
          </Link>
        </h2>
        <Lamp status={status} />
      </header>
      <p class="muted anywhere">
        {network.title} · <bdi>{destination.account}</bdi>
      </p>
      <ResourceView resource={summary} rows={1}>
        {(data) => (
          <>
            <Sentences sentences={healthOf(destination, data, network, nowIn(pixel.timezone))} />
            {isSilent(destination, data) && (
              <p>
                <Link class="target" href={address}>
                  Why nothing is sent
                </Link>
              </p>
            )}
          </>
        )}
      </ResourceView>
    </li>
  );
}

/** How a destination is, with a lamp. */
export function Lamp({ status: { tone, label } }: { readonly status: Status }) {
  return (
    <span class="lit" data-tone={tone}>
      <span class="lamp" aria-hidden="true" />
      {label}
    </span>
  );
}
