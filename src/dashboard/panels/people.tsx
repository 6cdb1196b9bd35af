import { useState } from 'preact/hooks';
import { metricName, metricValue } from '../format.ts';
import { useAnswer } from '../hooks.ts';
import { Empty, Show, type Tab, Tabs } from '../ui.tsx';
import { DimensionRows } from './dimension-rows.tsx';
import { Panel, type PanelProps } from './panel.tsx';

const METRICS = ['people', 'new_people', 'cross_device_people'];

const PEOPLE: readonly Tab[] = [
  { name: 'person:devices', label: 'Devices' },
  { name: 'person:first_source', label: 'First source' },
  { name: 'person:last_source', label: 'Last source' },
  { name: 'person:first_utm_campaign', label: 'First campaign' },
  { name: 'person:last_utm_campaign', label: 'Last campaign' },
];

export function PeoplePanel(props: PanelProps) {
  const [at, choose] = useState('person:devices');
  const asked = useAnswer({ ...props.base, metrics: METRICS });
  return (
    <Panel title="People" tools={<Tabs tabs={PEOPLE} at={at} choose={choose} label="People" />}>
      {asked.failure?.reason === 'invalid_query' ? (
        <Empty title="People are not shown">{asked.failure.sentences[0]}</Empty>
      ) : (
        <Show asked={asked}>
          {({ results: [row] }) =>
            row?.metrics[0] === 0 ? (
              <Empty title="Nobody is known by name">
                Visitors are counted without being recognised. People are those who consented or signed in,
                once however often they come.
              </Empty>
            ) : (
              <>
                <dl class="figures">
                  {METRICS.map((metric, place) => (
                    <div key={metric} data-metric={metric}>
                      <dt>{metricName(metric)}</dt>
                      <dd>{metricValue(metric, row?.metrics[place])}</dd>
                    </div>
                  ))}
                </dl>
                <DimensionRows key={at} dimension={at} {...props} />
              </>
            )
          }
        </Show>
      )}
    </Panel>
  );
}
