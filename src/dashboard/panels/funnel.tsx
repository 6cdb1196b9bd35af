import { useState } from 'preact/hooks';
import { count, metricValue } from '../format.ts';
import { InlineChoice } from '../forms.tsx';
import { useGet } from '../hooks.ts';
import { Empty, Link, Show } from '../ui.tsx';
import { Panel, type PanelProps } from './panel.tsx';

interface FunnelStep {
  readonly goal: string;
  /** All null where they are too few to be told. */
  readonly count: number | null;
  readonly of_first: number | null;
  readonly of_previous: number | null;
  readonly lost: number | null;
}

interface FunnelAnswer {
  readonly counts: 'visits' | 'people';
  readonly steps: readonly FunnelStep[];
}

export function FunnelPanel({ base, subject }: PanelProps) {
  const { funnels } = subject;
  const [name, choose] = useState(funnels[0] ?? '');
  const range = base.date_range;
  const days = typeof range === 'string' ? `period=${range}` : `from=${range[0]}&to=${range[1]}`;
  const filters = base.filters ? `&filters=${encodeURIComponent(JSON.stringify(base.filters))}` : '';
  const asked = useGet<FunnelAnswer>(
    name === ''
      ? null
      : `/api/v1/pixels/${subject.id}/funnel?name=${encodeURIComponent(name)}&${days}${filters}`,
  );
  return (
    <Panel
      title="Funnels"
      tools={
        funnels.length > 0 && (
          <InlineChoice label="Funnel" options={funnels.map((one) => [one, one])} value={name} set={choose} />
        )
      }
    >
      {name === '' ? (
        <Empty title="No funnel yet">
          A funnel is two to eight goals in a row.{' '}
          {subject.settings && <Link href={subject.settings}>Add a funnel</Link>}
        </Empty>
      ) : (
        <Show asked={asked} rows={4}>
          {({ steps, counts }) => (
            <>
              <ol class="funnel">
                {steps.map((step, place) => (
                  <Step key={`${place} ${step.goal}`} step={step} first={place === 0} />
                ))}
              </ol>
              <p class="muted note">
                Counts {counts}
                {base.filters && ' that have an event which the filters let through'}.
              </p>
            </>
          )}
        </Show>
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
          {metricValue('percentage', step.of_previous)} came on, {count(step.lost)} did not
        </span>
      )}
      {step.count === null && <span class="muted lost">Too few to be told</span>}
    </li>
  );
}
