import { dimensionName } from '../format.ts';
import { InlineChoice } from '../forms.tsx';
import { useGet } from '../hooks.ts';
import { shownTab, showTab } from '../panel-tabs.ts';
import { Empty, ErrorMessage, Loading } from '../ui.tsx';
import { daysOf } from '../view.ts';
import { DimensionRows, ROWS } from './dimension-rows.tsx';
import { Panel, type PanelProps } from './panel.tsx';

const PROPERTY = 'event:props:';

export function PropertyPanel(props: PanelProps) {
  const { base, subject } = props;
  const [from, to] = daysOf(base.date_range, subject.timezone);
  const path = `/api/v1/pixels/${subject.id}/properties?from=${from}&to=${to}`;
  const keys = useGet<{ properties: { key: string }[] }>(path, 'panels');
  const names = keys.data?.properties.map(({ key }) => PROPERTY + key) ?? [];
  const dimension = shownTab(props.view, names);
  return (
    <Panel
      title="Properties"
      tools={
        names.length > 0 && (
          <InlineChoice
            label="Property"
            options={names.map((name) => [name, dimensionName(name)])}
            value={dimension}
            set={(name) => showTab(props.view, props.set, names, name)}
          />
        )
      }
    >
      {keys.failure && keys.data === null ? (
        <ErrorMessage failure={keys.failure} retry={keys.retry} />
      ) : dimension !== '' ? (
        <DimensionRows key={dimension} dimension={dimension} {...props} />
      ) : keys.data ? (
        <Empty title="No custom properties yet">
          Send properties with an event: <code>speck('track', 'Signup', {'{ plan: "pro" }'})</code>
        </Empty>
      ) : (
        <Loading rows={ROWS} />
      )}
    </Panel>
  );
}
