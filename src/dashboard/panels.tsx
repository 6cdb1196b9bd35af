/** The panels below the chart. Each has tabs for its dimensions. */
import { type PanelTitle, tabsOf } from './dimensions.ts';
import { WhenNear } from './near.tsx';
import { shownTab, showTab } from './panel-tabs.ts';
import { DimensionRows } from './panels/dimension-rows.tsx';
import { FunnelPanel } from './panels/funnel.tsx';
import { Panel, type PanelProps } from './panels/panel.tsx';
import { PeoplePanel } from './panels/people.tsx';
import { PlacesPanel } from './panels/places.tsx';
import { PropertyPanel } from './panels/properties.tsx';
import { Tabs } from './ui.tsx';

export function Panels(props: PanelProps) {
  return (
    <div class="panels">
      <WhenNear>
        <DimensionPanel title="Pages" {...props} />
      </WhenNear>
      <WhenNear>
        <DimensionPanel title="Sources" {...props} />
      </WhenNear>
      <WhenNear>
        <DimensionPanel title="Campaigns" {...props} />
      </WhenNear>
      <WhenNear>
        <DimensionPanel title="Devices" {...props} />
      </WhenNear>
      <WhenNear>
        <PlacesPanel {...props} />
      </WhenNear>
      <WhenNear>
        <DimensionPanel title="Goals and events" {...props} />
      </WhenNear>
      <WhenNear>
        <FunnelPanel {...props} />
      </WhenNear>
      <WhenNear>
        <PropertyPanel {...props} />
      </WhenNear>
      <WhenNear>
        <PeoplePanel {...props} />
      </WhenNear>
    </div>
  );
}

interface DimensionPanelProps extends PanelProps {
  readonly title: PanelTitle;
}

function DimensionPanel({ title, ...props }: DimensionPanelProps) {
  const tabs = tabsOf(title);
  const names = tabs.map(({ name }) => name);
  const selected = shownTab(props.view, names);
  const select = (name: string): void => showTab(props.view, props.set, names, name);
  return (
    <Panel title={title} tools={<Tabs tabs={tabs} selected={selected} select={select} label={title} />}>
      <DimensionRows key={selected} dimension={selected} {...props} />
    </Panel>
  );
}
