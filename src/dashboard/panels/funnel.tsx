import { count, metricValue } from '../format.ts';
import { InlineChoice } from '../forms.tsx';
import { useGet } from '../hooks.ts';
import { shownTab, showTab } from '../panel-tabs.ts';
import { Empty, Link, ResourceView } from '../ui.tsx';
import { Panel, type PanelProps } from './panel.tsx';

interface FunnelStep {
  readonly goal: string;
  /** All null where small-group protection hides them. */
  readonly count: number | null;
  readonly of_first: number | null;
  readonly of_previous: number | null;
  readonly lost: number | null;
}

interface FunnelResponse {
  readonly counts: 'visits' | 'people';
  readonly steps: readonly FunnelStep[];
}

/** Before a funnel's name in the address, where it could be a dimension's. */
const TAB = 'funnel:';

export function FunnelPanel({ base, subject, view, set }: PanelProps) {
  const { funnels } = subject;
  const tabs = funnels.map((one) => TAB + one);
  const name = shownTab(view, tabs).slice(TAB.length);
  const range = base.date_range;
  const days = typeof range === 'string' ? `period=${range}` : `from=${range[0]}&to=${range[1]}`;
  const filters = base.filters ? `&filters=${encodeURIComponent(JSON.stringify(base.filters))}` : '';
  const resource = useGet<FunnelResponse>(
    name === ''
      ? null
      : `/api/v1/pixels/${subject.id}/funnel?name=${encodeURIComponent(name)}&${days}${filters}`,
    'panels',
  );
  return (
    <Panel
      title="Funnels"
      tools={
        funnels.length > 0 && (
          <InlineChoice
            label="Funnel"
            options={funnels.map((one) => [one, one])}
            value={name}
            set={(one) => showTab(view, set, tabs, TAB + one)}
          />
        )
      }
    >
      {name === '' ? (
        <Empty title="No funnel yet">
          A funnel is a sequence of two to eight goals.{' '}
          {subject.settings && <Link href={subject.settings}>Add a funnel</Link>}
        </Empty>
      ) : (
        <ResourceView resource={resource} rows={4}>
          {({ steps, counts }) => (
            <>
              <ol class="funnel">
                {steps.map((step, index) => (
                  <Step key={`${index} ${step.goal}`} step={step} first={index === 0} />
                ))}
              </ol>
              <p class="muted note">
                Counted in {counts}
                {base.filters && ' with an event that matches the filters'}.
              </p>
            </>
          )}
        </ResourceView>
      )}
    </Panel>
  );
}

function Step({ step, first }: { readonly step: FunnelStep; readonly first: boolean }) {
  return (
    <li>
      <span class="goal">
        <bdi>{step.goal}</bdi>
      </span>
      <span class="track" aria-hidden="true">
        <span class="fill" style={{ width: `${step.of_first ?? 0}%` }} />
      </span>
      <span class="number">
        <b>{metricValue('visits', step.count)}</b> {metricValue('percentage', step.of_first)}
      </span>
      {!first && step.lost !== null && (
        <span class="muted lost">
          {metricValue('percentage', step.of_previous)} continued, {count(step.lost)} dropped off
        </span>
      )}
      {step.count === null && <span class="muted lost">Too few to show</span>}
    </li>
  );
}
