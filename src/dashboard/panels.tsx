/** The panels below the chart, each with a few dimensions to choose from. */
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { type Answer, saveCsv } from './api.ts';
import { count, metricName, metricValue } from './format.ts';
import { useAnswer, useGet } from './hooks.ts';
import { later } from './later.tsx';
import { Rows } from './rows.tsx';
import type { Base } from './stats.tsx';
import type { Subject } from './subject.ts';
import { Empty, Loading, Show, type Tab, Tabs, Trouble } from './ui.tsx';
import { addDays, todayIn, type View } from './view.ts';

interface Props {
  readonly base: Base;
  readonly subject: Subject;
  readonly view: View;
  readonly set: (part: Partial<View>) => void;
}

const ROWS = 9;

/** The metrics that tell most of a dimension: a few beside others, more by itself. */
export function metricsOf(dimension: string, all = false): readonly string[] {
  if (dimension === 'event:page')
    return all ? ['visitors', 'pageviews', 'time_on_page', 'scroll_depth'] : ['visitors', 'pageviews'];
  if (dimension === 'event:goal')
    return all
      ? ['visitors', 'events', 'conversion_rate', 'total_revenue', 'average_revenue']
      : ['visitors', 'conversion_rate', 'total_revenue'];
  if (dimension === 'event:currency') return ['events', 'total_revenue', 'average_revenue'];
  if (dimension.startsWith('event:')) return ['visitors', 'events'];
  if (dimension.startsWith('person:'))
    return all ? ['people', 'visitors', 'events', 'total_revenue'] : ['people', 'total_revenue'];
  return all
    ? ['visitors', 'visits', 'pageviews', 'bounce_rate', 'visit_duration']
    : ['visitors', 'percentage'];
}

const PAGES: readonly Tab[] = [
  { name: 'event:page', label: 'Top' },
  { name: 'visit:entry_page', label: 'Entry' },
  { name: 'visit:exit_page', label: 'Exit' },
];
const SOURCES: readonly Tab[] = [
  { name: 'visit:channel', label: 'Channels' },
  { name: 'visit:source', label: 'Sources' },
  { name: 'visit:referrer', label: 'Referrers' },
  { name: 'visit:utm_source', label: 'UTM source' },
  { name: 'visit:utm_medium', label: 'Medium' },
  { name: 'visit:utm_campaign', label: 'Campaign' },
  { name: 'visit:utm_content', label: 'Content' },
  { name: 'visit:utm_term', label: 'Term' },
];
const PLACES: readonly Tab[] = [
  { name: 'map', label: 'Map' },
  { name: 'visit:country', label: 'Countries' },
  { name: 'visit:region_name', label: 'Regions' },
  { name: 'visit:city', label: 'Cities' },
  { name: 'visit:language', label: 'Languages' },
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

const PEOPLE: readonly Tab[] = [
  { name: 'person:devices', label: 'Devices' },
  { name: 'person:first_source', label: 'First source' },
  { name: 'person:last_source', label: 'Last source' },
  { name: 'person:first_utm_campaign', label: 'First campaign' },
  { name: 'person:last_utm_campaign', label: 'Last campaign' },
];

export function Panels(props: Props) {
  return (
    <div class="panels">
      <DimensionPanel title="Pages" tabs={PAGES} {...props} />
      <DimensionPanel title="Sources" tabs={SOURCES} {...props} />
      <DimensionPanel title="Places" tabs={PLACES} {...props} />
      <DimensionPanel title="Devices" tabs={DEVICES} {...props} />
      <DimensionPanel title="Goals and events" tabs={EVENTS} {...props} />
      <FunnelPanel {...props} />
      <PropertyPanel {...props} />
      <PeoplePanel {...props} />
    </div>
  );
}

function Panel({
  title,
  tools,
  children,
}: {
  readonly title: string;
  readonly tools?: ComponentChildren;
  readonly children: ComponentChildren;
}) {
  return (
    <section class="panel" aria-label={title}>
      <header>
        <h2>{title}</h2>
        {tools}
      </header>
      {children}
    </section>
  );
}

function DimensionPanel({
  title,
  tabs,
  ...props
}: Props & { readonly title: string; readonly tabs: readonly Tab[] }) {
  const [at, choose] = useState(tabs[0]?.name ?? '');
  return (
    <Panel title={title} tools={<Tabs tabs={tabs} at={at} choose={choose} label={title} />}>
      {at === 'map' ? <Places {...props} /> : <DimensionRows dimension={at} {...props} />}
    </Panel>
  );
}

/** Events without a property outnumber the others so much that nothing else would be seen. */
const NONE = '(none)';

function DimensionRows({ dimension, base, view, set }: Props & { readonly dimension: string }) {
  const metrics = metricsOf(dimension);
  const question = { ...base, metrics, dimensions: [dimension] };
  const apart = dimension.startsWith('event:props:');
  const asked = useAnswer({
    ...question,
    include: { total_rows: true },
    pagination: { limit: ROWS + (apart ? 1 : 0) },
  });
  return (
    <Show asked={asked} rows={ROWS}>
      {(answer) =>
        answer.results.length === 0 && dimension === 'event:goal' ? (
          <Empty title="No goal was reached in these days">
            Goals are what you want people to do. The settings have them.
          </Empty>
        ) : (
          <>
            <Rows
              answer={apart ? withoutNone(answer) : answer}
              dimension={dimension}
              metrics={metrics}
              view={view}
              set={set}
            />
            <footer class="row">
              {(answer.meta.total_rows ?? 0) > ROWS ? (
                <button type="button" class="quiet" onClick={() => set({ all: dimension })}>
                  All {count(answer.meta.total_rows ?? 0)} rows
                </button>
              ) : (
                answer.results.length > 0 && (
                  <button type="button" class="quiet" onClick={() => set({ all: dimension })}>
                    Details
                  </button>
                )
              )}
              {answer.results.length > 0 && <CsvButton question={question} />}
            </footer>
          </>
        )
      }
    </Show>
  );
}

function withoutNone(answer: Answer): Answer {
  return {
    ...answer,
    results: answer.results.filter(({ dimensions: [value] }) => value !== NONE).slice(0, ROWS),
  };
}

function CsvButton({ question }: { readonly question: Parameters<typeof saveCsv>[0] }) {
  const [failed, fail] = useState('');
  const name = (question.dimensions ?? []).join('-').replaceAll(/\W+/g, '-');
  return (
    <button
      type="button"
      class="quiet"
      onClick={() => saveCsv(question, `${name}.csv`).catch((error: Error) => fail(error.message))}
    >
      {failed || 'CSV'}
      <span class="hidden"> of this list</span>
    </button>
  );
}

const WorldMap = later(() => import('./map.tsx'));

function Places({ base, view, set }: Props) {
  const asked = useAnswer({ ...base, metrics: ['visitors', 'percentage'], dimensions: ['visit:country'] });
  return (
    <Show asked={asked} rows={ROWS}>
      {(answer) => <WorldMap answer={answer} view={view} set={set} />}
    </Show>
  );
}

interface FunnelAnswer {
  readonly counts: 'visits' | 'people';
  readonly steps: readonly {
    readonly goal: string;
    readonly count: number;
    readonly of_first: number;
    readonly of_previous: number;
    readonly lost: number;
  }[];
}

function FunnelPanel({ base, subject, view }: Props) {
  const [name, choose] = useState(subject.funnels[0] ?? '');
  const range = base.date_range;
  const days = typeof range === 'string' ? `period=${range}` : `from=${range[0]}&to=${range[1]}`;
  const asked = useGet<FunnelAnswer>(
    name === '' ? null : `/api/v1/pixels/${subject.id}/funnel?name=${encodeURIComponent(name)}&${days}`,
  );
  return (
    <Panel
      title="Funnels"
      tools={
        subject.funnels.length > 0 && (
          <label class="inline">
            <span class="hidden">Funnel</span>
            <select value={name} onChange={(event) => choose(event.currentTarget.value)}>
              {subject.funnels.map((one) => (
                <option key={one} value={one}>
                  {one}
                </option>
              ))}
            </select>
          </label>
        )
      }
    >
      {name === '' ? (
        <Empty title="No funnel yet">A funnel is two to eight goals in a row. The settings have them.</Empty>
      ) : (
        <Show asked={asked} rows={4}>
          {({ steps, counts }) => (
            <>
              <ol class="funnel">
                {steps.map((step, place) => (
                  <li key={step.goal}>
                    <span class="goal">
                      <bdi>{step.goal}</bdi>
                    </span>
                    <span class="track" aria-hidden="true">
                      <span class="fill" style={{ width: `${step.of_first}%` }} />
                    </span>
                    <span class="number">
                      <b>{count(step.count)}</b> {metricValue('percentage', step.of_first)}
                    </span>
                    {place > 0 && (
                      <span class="muted lost">
                        {metricValue('percentage', step.of_previous)} came on, {count(step.lost)} did not
                      </span>
                    )}
                  </li>
                ))}
              </ol>
              <p class="muted note">
                Counts {counts}.{view.filters.length > 0 && ' Filters do not apply to funnels.'}
              </p>
            </>
          )}
        </Show>
      )}
    </Panel>
  );
}

function PropertyPanel({ base, subject, view, set }: Props) {
  const range = base.date_range;
  const days =
    typeof range === 'string'
      ? `from=${addDays(todayIn(subject.timezone), -29)}`
      : `from=${range[0]}&to=${range[1]}`;
  const keys = useGet<{ properties: { key: string }[] }>(`/api/v1/pixels/${subject.id}/properties?${days}`);
  const known = keys.data?.properties.map(({ key }) => key) ?? [];
  const [chosen, choose] = useState('');
  const key = known.includes(chosen) ? chosen : (known[0] ?? '');
  return (
    <Panel
      title="Properties"
      tools={
        known.length > 0 && (
          <label class="inline">
            <span class="hidden">Property</span>
            <select value={key} onChange={(event) => choose(event.currentTarget.value)}>
              {known.map((one) => (
                <option key={one} value={one}>
                  {one}
                </option>
              ))}
            </select>
          </label>
        )
      }
    >
      {keys.failure ? (
        <Trouble failure={keys.failure} retry={keys.retry} />
      ) : key !== '' ? (
        <DimensionRows dimension={`event:props:${key}`} base={base} subject={subject} view={view} set={set} />
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

const PEOPLE_METRICS = ['people', 'new_people', 'cross_device_people'];

function PeoplePanel(props: Props) {
  const [at, choose] = useState('person:devices');
  const asked = useAnswer({ ...props.base, metrics: PEOPLE_METRICS });
  return (
    <Panel title="People" tools={<Tabs tabs={PEOPLE} at={at} choose={choose} label="People" />}>
      <Show asked={asked}>
        {({ results: [row] }) =>
          row?.metrics[0] === 0 ? (
            <Empty title="Nobody is known by name">
              Visitors are counted without being recognised. People are those who consented or signed in, once
              however often they come.
            </Empty>
          ) : (
            <>
              <dl class="figures">
                {PEOPLE_METRICS.map((metric, place) => (
                  <div key={metric} data-metric={metric}>
                    <dt>{metricName(metric)}</dt>
                    <dd>{metricValue(metric, row?.metrics[place])}</dd>
                  </div>
                ))}
              </dl>
              <DimensionRows dimension={at} {...props} />
            </>
          )
        }
      </Show>
    </Panel>
  );
}
