/** The panels below the chart. Each has tabs for its dimensions. */
import { useState } from 'preact/hooks';
import { type PanelTitle, tabsOf } from './dimensions.ts';
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
      <DimensionPanel title="Pages" {...props} />
      <DimensionPanel title="Sources" {...props} />
      <DimensionPanel title="Campaigns" {...props} />
      <DimensionPanel title="Devices" {...props} />
      <PlacesPanel {...props} />
      <DimensionPanel title="Goals and events" {...props} />
      <FunnelPanel {...props} />
      <PropertyPanel {...props} />
      <PeoplePanel {...props} />
    </div>
  );
}

interface DimensionPanelProps extends PanelProps {
  readonly title: PanelTitle;
}

function DimensionPanel({ title, ...props }: DimensionPanelProps) {
  const tabs = tabsOf(title);
  const [selected, select] = useState(tabs[0]?.name ?? '');
  return (
    <Panel title={title} tools={<Tabs tabs={tabs} selected={selected} select={select} label={title} />}>
      <DimensionRows key={selected} dimension={selected} {...props} />
    </Panel>
  );
}
