import { useState } from 'preact/hooks';
import { InlineChoice } from '../forms.tsx';
import { useGet } from '../hooks.ts';
import { Empty, Loading, Trouble } from '../ui.tsx';
import { daysOf } from '../view.ts';
import { DimensionRows, ROWS } from './dimension-rows.tsx';
import { Panel, type PanelProps } from './panel.tsx';

export function PropertyPanel(props: PanelProps) {
  const { base, subject } = props;
  const [from, to] = daysOf(base.date_range, subject.timezone);
  const path = `/api/v1/pixels/${subject.id}/properties?from=${from}&to=${to}`;
  const keys = useGet<{ properties: { key: string }[] }>(path);
  const known = keys.data?.properties.map(({ key }) => key) ?? [];
  const [chosen, choose] = useState('');
  const key = known.includes(chosen) ? chosen : (known[0] ?? '');
  const dimension = `event:props:${key}`;
  return (
    <Panel
      title="Properties"
      tools={
        known.length > 0 && (
          <InlineChoice label="Property" options={known.map((one) => [one, one])} value={key} set={choose} />
        )
      }
    >
      {keys.failure ? (
        <Trouble failure={keys.failure} retry={keys.retry} />
      ) : key !== '' ? (
        <DimensionRows key={dimension} dimension={dimension} {...props} />
      ) : keys.data ? (
        <Empty title="No event has a property">
          Send some with an event: <code>speck('track', 'Signup', {'{ plan: "pro" }'})</code>
        </Empty>
      ) : (
        <Loading rows={ROWS} />
      )}
    </Panel>
  );
}
