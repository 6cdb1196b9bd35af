import { tabsOf } from '../dimensions.ts';
import { useQuery } from '../hooks.ts';
import { lazy } from '../lazy.tsx';
import { shownTab, showTab } from '../panel-tabs.ts';
import { ResourceView, Tabs } from '../ui.tsx';
import { DimensionRows, ROWS, RowList } from './dimension-rows.tsx';
import { metricsOf } from './metrics.ts';
import { Panel, type PanelProps } from './panel.tsx';

const COUNTRY = 'visit:country';
const WorldMap = lazy(() => import('../map.tsx'));

/** A map of all countries, with the first rows of countries, regions, cities or languages. */
export function PlacesPanel(props: PanelProps) {
  const tabs = tabsOf('Places');
  const names = tabs.map(({ name }) => name);
  const selected = shownTab(props.view, names);
  const query = { ...props.base, metrics: metricsOf(COUNTRY), dimensions: [COUNTRY] };
  const resource = useQuery(query);
  return (
    <Panel
      title="Places"
      tools={
        <Tabs
          tabs={tabs}
          selected={selected}
          select={(name) => showTab(props.view, props.set, names, name)}
          label="Places"
        />
      }
      wide
    >
      <div class="places">
        <ResourceView resource={resource} rows={ROWS}>
          {(response) => <WorldMap response={response} view={props.view} set={props.set} />}
        </ResourceView>
        {selected === COUNTRY ? (
          <RowList
            {...props}
            resource={resource}
            dimension={COUNTRY}
            dimensions={query.dimensions}
            query={query}
          />
        ) : (
          <DimensionRows key={selected} dimension={selected} {...props} />
        )}
      </div>
    </Panel>
  );
}
