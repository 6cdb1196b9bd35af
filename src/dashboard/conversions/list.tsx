/** The destinations of a pixel and how each of them is; or what conversions are, before there is one. */
import type { DestinationJson, DestinationSummaryJson, NetworkJson } from '../../model/relay-json.ts';
import { useGet } from '../hooks.ts';
import { Link, ResourceView, Text } from '../ui.tsx';
import { Conditions } from './conditions.tsx';
import { healthOf, stateLabel } from './health.ts';
import type { PageProps } from './page-props.ts';
import { Sentences } from './sentences.tsx';

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
      <p class="muted">The health of each destination is that of the last 7 days.</p>
      <Conditions pixel={pixel} />
      <ul class="destinations">
        {destinations.map((destination) => {
          const network = networks.find(({ name }) => name === destination.network);
          return (
            network && (
              <li
                key={destination.id}
                class="destination"
                data-state={destination.state}
                data-mode={destination.mode}
              >
                <header class="row">
                  <h2 class="grow">
                    <Link
                      class="target"
                      href={hrefOf({ at: 'destination', destination: destination.id, state: null })}
                    >
                      <Text class="wrap">{destination.name}</Text>
                    </Link>
                  </h2>
                  <State destination={destination} />
                </header>
                <p class="muted anywhere">
                  {network.title} · <bdi>{destination.account}</bdi>
                </p>
                <Health pixel={pixel.id} destination={destination} network={network} />
              </li>
            )
          );
        })}
      </ul>
    </>
  );
}

/** A destination's state with its lamp. */
export function State({ destination }: { readonly destination: DestinationJson }) {
  return (
    <span class="lit" data-state={destination.state} data-mode={destination.mode}>
      <span class="lamp" aria-hidden="true" />
      {stateLabel(destination)}
    </span>
  );
}

interface HealthProps {
  readonly pixel: string;
  readonly destination: DestinationJson;
  readonly network: NetworkJson;
}

function Health({ pixel, destination, network }: HealthProps) {
  const summary = useGet<DestinationSummaryJson>(
    `/api/v1/pixels/${pixel}/destinations/${destination.id}/summary?days=7`,
  );
  return (
    <ResourceView resource={summary} rows={1}>
      {(data) => <Sentences sentences={healthOf(destination, data, network)} />}
    </ResourceView>
  );
}
