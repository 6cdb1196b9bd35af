import { useState } from 'preact/hooks';
import { InlineChoice } from '../forms.tsx';
import { useGet } from '../hooks.ts';
import { Empty, Loading, Trouble } from '../ui.tsx';
import { addDays, todayIn } from '../view.ts';
import { DimensionRows, ROWS } from './dimension-rows.tsx';
import { Panel, type PanelProps } from './panel.tsx';

export function PropertyPanel(props: PanelProps) {
  const { base, subject } = props;
  const range = base.date_range;
  const days =
    typeof range === 'string'
      ? `from=${addDays(todayIn(subject.timezone), -29)}`
      : `from=${range[0]}&to=${range[1]}`;
  const keys = useGet<{ properties: { key: string }[] }>(`/api/v1/pixels/${subject.id}/properties?${days}`);
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
