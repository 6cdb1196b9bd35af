import { useState } from 'preact/hooks';
import { tabsOf } from '../dimensions.ts';
import { useAnswer } from '../hooks.ts';
import { later } from '../later.tsx';
import { Show, Tabs } from '../ui.tsx';
import { DimensionRows, ROWS, RowList } from './dimension-rows.tsx';
import { metricsOf } from './metrics.ts';
import { Panel, type PanelProps } from './panel.tsx';

const COUNTRY = 'visit:country';
const WorldMap = later(() => import('../map.tsx'));

/** All countries on a map, and the first of them, or of the places in them, beside it. */
export function PlacesPanel(props: PanelProps) {
  const [at, choose] = useState(COUNTRY);
  const question = { ...props.base, metrics: metricsOf(COUNTRY), dimensions: [COUNTRY] };
  const asked = useAnswer(question);
  return (
    <Panel
      title="Places"
      tools={<Tabs tabs={tabsOf('Places')} at={at} choose={choose} label="Places" />}
      wide
    >
      <div class="places">
        <Show asked={asked} rows={ROWS}>
          {(answer) => <WorldMap answer={answer} view={props.view} set={props.set} />}
        </Show>
        {at === COUNTRY ? (
          <RowList
            {...props}
            asked={asked}
            dimension={COUNTRY}
            dimensions={question.dimensions}
            question={question}
          />
        ) : (
          <DimensionRows key={at} dimension={at} {...props} />
        )}
      </div>
    </Panel>
  );
}
