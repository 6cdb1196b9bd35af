/** The panels below the chart, each with a few dimensions to choose from. */
import { useState } from 'preact/hooks';
import { DimensionRows } from './panels/dimension-rows.tsx';
import { FunnelPanel } from './panels/funnel.tsx';
import { Panel, type PanelProps } from './panels/panel.tsx';
import { PeoplePanel } from './panels/people.tsx';
import { PlacesPanel } from './panels/places.tsx';
import { PropertyPanel } from './panels/properties.tsx';
import { type Tab, Tabs } from './ui.tsx';

const PAGES: readonly Tab[] = [
  { name: 'event:page', label: 'Top' },
  { name: 'visit:entry_page', label: 'Entry' },
  { name: 'visit:exit_page', label: 'Exit' },
];
const SOURCES: readonly Tab[] = [
  { name: 'visit:channel', label: 'Channels' },
  { name: 'visit:source', label: 'Sources' },
  { name: 'visit:referrer', label: 'Referrers' },
];
const CAMPAIGNS: readonly Tab[] = [
  { name: 'visit:utm_campaign', label: 'Campaign' },
  { name: 'visit:utm_source', label: 'Source' },
  { name: 'visit:utm_medium', label: 'Medium' },
  { name: 'visit:utm_content', label: 'Content' },
  { name: 'visit:utm_term', label: 'Term' },
];
const DEVICES: readonly Tab[] = [
  { name: 'visit:device', label: 'Types' },
  { name: 'visit:browser', label: 'Browsers' },
  { name: 'visit:browser_version', label: 'Versions' },
  { name: 'visit:os', label: 'Systems' },
  { name: 'visit:os_version', label: 'System versions' },
];
const EVENTS: readonly Tab[] = [
  { name: 'event:goal', label: 'Reached' },
  { name: 'event:name', label: 'Events' },
  { name: 'event:currency', label: 'Revenue' },
];

export function Panels(props: PanelProps) {
  return (
    <div class="panels">
      <DimensionPanel title="Pages" tabs={PAGES} {...props} />
      <DimensionPanel title="Sources" tabs={SOURCES} {...props} />
      <DimensionPanel title="Campaigns" tabs={CAMPAIGNS} {...props} />
      <DimensionPanel title="Devices" tabs={DEVICES} {...props} />
      <PlacesPanel {...props} />
      <DimensionPanel title="Goals and events" tabs={EVENTS} {...props} />
      <FunnelPanel {...props} />
      <PropertyPanel {...props} />
      <PeoplePanel {...props} />
    </div>
  );
}

interface DimensionPanelProps extends PanelProps {
  readonly title: string;
  readonly tabs: readonly Tab[];
}

function DimensionPanel({ title, tabs, ...props }: DimensionPanelProps) {
  const [at, choose] = useState(tabs[0]?.name ?? '');
  return (
    <Panel title={title} tools={<Tabs tabs={tabs} at={at} choose={choose} label={title} />}>
      <DimensionRows key={at} dimension={at} {...props} />
    </Panel>
  );
}
