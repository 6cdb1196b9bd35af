/** Conversions that are sent to advertising networks: destinations, their health, and what became of each conversion. */
import { useState } from 'preact/hooks';
import type { DestinationsJson, NetworksJson } from '../model/relay-json.ts';
import type { Pixel } from './api.ts';
import { addressOf, type Place, placeOf } from './conversions/address.ts';
import { ConversionPage } from './conversions/conversion-page.tsx';
import { EditedDestination, NewDestination } from './conversions/destination-form.tsx';
import { DestinationPage } from './conversions/destination-page.tsx';
import { DestinationList } from './conversions/list.tsx';
import type { PageProps } from './conversions/page-props.ts';
import { useGet, useInterval, useLocation, Version } from './hooks.ts';
import { lazy } from './lazy.tsx';
import { Heading, Link, ResourceView } from './ui.tsx';
import { parseView, searchOf } from './view.ts';

const NoView = lazy(() => import('./no-view.tsx'));

/** Milliseconds after which the numbers are asked for again. */
const INTERVAL = 60_000;

interface Props {
  readonly pixel: Pixel;
  /** The parts of the address after `conversions`. */
  readonly parts: readonly string[];
}

export default function Conversions({ pixel, parts }: Props) {
  const { search } = useLocation();
  const [version, setVersion] = useState(0);
  const reload = (): void => setVersion((before) => before + 1);
  const place = placeOf(parts, search);
  const isForm = place?.at === 'new' || place?.at === 'edit';
  useInterval(INTERVAL, () => {
    if (!isForm) reload();
  });
  if (place === null) return <NoView lacks={null} />;
  return (
    <Version.Provider value={version}>
      <Pages pixel={pixel} place={place} search={searchOf(parseView(search))} reload={reload} />
    </Version.Provider>
  );
}

interface PagesProps extends Omit<PageProps, 'hrefOf'> {
  readonly place: Place;
  /** The query of the other views. */
  readonly search: string;
}

function Pages({ pixel, place, search, reload }: PagesProps) {
  const networks = useGet<NetworksJson>('/api/v1/networks');
  const destinations = useGet<DestinationsJson>(`/api/v1/pixels/${pixel.id}/destinations`);
  const props: PageProps = { pixel, hrefOf: (to) => addressOf(pixel.id, to, search), reload };
  const content = (
    <ResourceView resource={networks} rows={6}>
      {({ networks: known }) => (
        <ResourceView resource={destinations} rows={6}>
          {({ destinations: all }) => {
            if (place.at === 'list')
              return <DestinationList {...props} destinations={all} networks={known} />;
            if (place.at === 'new')
              return <NewDestination {...props} network={place.network} networks={known} />;
            if (place.at === 'conversion') {
              return <ConversionPage {...props} place={place} destinations={all} networks={known} />;
            }
            const destination = all.find(({ id }) => id === place.destination);
            const network = known.find(({ name }) => name === destination?.network);
            if (!destination || !network) return <NoView lacks={null} />;
            return place.at === 'edit' ? (
              <EditedDestination
                {...props}
                key={destination.id}
                destination={destination}
                network={network}
              />
            ) : (
              <DestinationPage
                {...props}
                key={destination.id}
                destination={destination}
                network={network}
                state={place.state}
              />
            );
          }}
        </ResourceView>
      )}
    </ResourceView>
  );
  if (place.at === 'list') {
    return (
      <>
        <div class="row title">
          <Heading>Conversions</Heading>
          {destinations.data !== null && destinations.data.destinations.length > 0 && (
            <Link class="button" href={props.hrefOf({ at: 'new', network: null })}>
              Add a destination
            </Link>
          )}
        </div>
        {content}
      </>
    );
  }
  return (
    <>
      <p>
        <Link class="target" href={props.hrefOf({ at: 'list' })}>
          ← Conversions
        </Link>
      </p>
      {content}
    </>
  );
}
