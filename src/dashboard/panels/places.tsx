import { tabsOf } from '../dimensions.ts';
import { lazy } from '../lazy.tsx';
import { shownTab, showTab } from '../panel-tabs.ts';
import { hasGoal } from '../tiles.ts';
import { ResourceView, Tabs } from '../ui.tsx';
import { comparisonOf } from '../view.ts';
import { DimensionRows, ROWS, RowList } from './dimension-rows.tsx';
import { metricsOf } from './metrics.ts';
import { Panel, type PanelProps } from './panel.tsx';
import { useRows } from './use-rows.ts';

const COUNTRY = 'visit:country';
/** More than there are. */
const MAX_COUNTRIES = 500;
const WorldMap = lazy(() => import('../map.tsx'));

/** A map of all countries, with the first rows of countries, regions, cities or languages. */
export function PlacesPanel(props: PanelProps) {
  const tabs = tabsOf('Places');
  const names = tabs.map(({ name }) => name);
  const selected = shownTab(props.view, names);
  // The map shows all countries, also while the list has their cities.
  const countries = useRows({
    base: props.base,
    dimension: COUNTRY,
    metrics: metricsOf(COUNTRY, { hasGoal: hasGoal(props.view.filters) }),
    limit: MAX_COUNTRIES,
    comparison: comparisonOf(props.view),
  });
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
        <ResourceView resource={countries.resource} rows={ROWS}>
          {(response) => <WorldMap response={response} view={props.view} set={props.set} />}
        </ResourceView>
        {selected === COUNTRY ? (
          <RowList {...props} {...countries} dimension={COUNTRY} />
        ) : (
          <DimensionRows key={selected} dimension={selected} {...props} />
        )}
      </div>
    </Panel>
  );
}
