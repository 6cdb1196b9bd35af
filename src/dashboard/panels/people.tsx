import { metricName, metricValue } from '../format.ts';
import { useQuery } from '../hooks.ts';
import { shownTab, showTab } from '../panel-tabs.ts';
import { Empty, ResourceView, type Tab, Tabs } from '../ui.tsx';
import { ROWS, RowList } from './dimension-rows.tsx';
import { metricsOf } from './metrics.ts';
import { Panel, type PanelProps } from './panel.tsx';
import { useRows } from './use-rows.ts';

const METRICS = ['people', 'new_people', 'cross_device_people'];

const PEOPLE: readonly Tab[] = [
  { name: 'person:devices', label: 'Devices' },
  { name: 'person:first_source', label: 'First source' },
  { name: 'person:last_source', label: 'Last source' },
  { name: 'person:first_utm_campaign', label: 'First campaign' },
  { name: 'person:last_utm_campaign', label: 'Last campaign' },
];

const NAMES = PEOPLE.map(({ name }) => name);

export function PeoplePanel(props: PanelProps) {
  const selected = shownTab(props.view, NAMES);
  const resource = useQuery({ ...props.base, metrics: METRICS }, 'slow');
  const rows = useRows({
    base: props.base,
    dimension: selected,
    metrics: metricsOf(selected),
    limit: ROWS + 1,
    comparison: null,
  });
  return (
    <Panel
      title="People"
      tools={
        <Tabs
          tabs={PEOPLE}
          selected={selected}
          select={(name) => showTab(props.view, props.set, NAMES, name)}
          label="People"
        />
      }
    >
      {resource.failure?.reason === 'invalid_query' ? (
        <Empty title="People are not shown">{resource.failure.sentences[0]}</Empty>
      ) : (
        <ResourceView resource={resource}>
          {({ results: [row] }) =>
            row?.metrics[0] === 0 ? (
              <Empty title="No identified people yet">
                Visitors are counted without being recognized. A person is someone who consented or signed in,
                and is counted once.
              </Empty>
            ) : (
              <>
                <dl class="figures">
                  {METRICS.map((metric, index) => (
                    <div key={metric} data-metric={metric}>
                      <dt>{metricName(metric)}</dt>
                      <dd>{metricValue(metric, row?.metrics[index])}</dd>
                    </div>
                  ))}
                </dl>
                <RowList dimension={selected} {...props} {...rows} />
              </>
            )
          }
        </ResourceView>
      )}
    </Panel>
  );
}
