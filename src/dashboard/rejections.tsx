/** Events that were not stored, and the reasons, by day. */
import { useState } from 'preact/hooks';
import { AiAgents } from './ai-agents.tsx';
import { type BotFamilies, splitFamilies } from './ai-families.ts';
import type { Pixel } from './api.ts';
import { Bars } from './bars.tsx';
import { count, fieldValue, moment } from './format.ts';
import { InlineChoice } from './forms.tsx';
import { useGet } from './hooks.ts';
import { Empty, Heading, ResourceView, Text } from './ui.tsx';
import { UnknownSites } from './unknown-sites.tsx';
import { addDays, todayIn } from './view.ts';

export interface RejectionsResponse {
  readonly from: string;
  readonly to: string;
  readonly timezone: string;
  readonly days: readonly {
    readonly day: string;
    readonly rejections: readonly {
      readonly reason: string;
      readonly explanation: string;
      readonly count: number;
      /** Null with small-group protection. */
      readonly last_at: string | null;
      readonly families?: Readonly<Record<string, number>>;
      readonly samples: readonly Readonly<Record<string, unknown>>[];
    }[];
  }[];
}

interface Reason {
  readonly reason: string;
  readonly explanation: string;
  count: number;
  last_at: string | null;
  families: Map<string, number>;
  samples: Readonly<Record<string, unknown>>[];
}

const SPANS = [7, 30, 90];

interface Props {
  readonly pixel: Pixel;
  /** Whether the reader sees what is sent for sites that no pixel has. */
  readonly mayAdd: boolean;
}

export default function Rejections({ pixel, mayAdd }: Props) {
  const [span, setSpan] = useState(30);
  const to = todayIn(pixel.timezone);
  const from = addDays(to, 1 - span);
  const resource = useGet<RejectionsResponse>(`/api/v1/pixels/${pixel.id}/rejections?from=${from}&to=${to}`);
  return (
    <>
      <div class="row title">
        <Heading>Rejected events</Heading>
        <InlineChoice
          label="Days"
          options={SPANS.map((days) => [String(days), `Last ${days} days`])}
          value={String(span)}
          set={(days) => setSpan(Number(days))}
        />
      </div>
      <p class="muted">
        Events that Speck received and did not count, with the reason. Days start and end at midnight in{' '}
        {pixel.timezone}.
      </p>
      {mayAdd && <UnknownSites pixel={pixel} />}
      <ResourceView resource={resource} rows={8}>
        {({ days }) => {
          const reasons = byReason(days);
          if (reasons.length === 0)
            return <Empty title="No rejected events">All events of this period were counted.</Empty>;
          const stacks = Array.from({ length: span }, (_, index) => {
            const label = addDays(from, index);
            const rejections = days.find(({ day }) => day === label)?.rejections ?? [];
            return {
              label,
              parts: reasons.map(({ reason }) => rejections.find((one) => one.reason === reason)?.count ?? 0),
            };
          });
          return (
            <>
              <div class="sheeted">
                <Bars
                  name="Rejected events per day. The list of reasons has the numbers."
                  unit="rejected"
                  stacks={stacks}
                />
              </div>
              <AiAgents agents={reasons.flatMap((reason) => familiesOf(reason).ai)} />
              <ul class="reasons">
                {reasons.map((reason, shade) => (
                  <li key={reason.reason} data-reason={reason.reason}>
                    <details>
                      <summary>
                        <span class={`swatch shade${shade}`} aria-hidden="true" />
                        <b>{reason.reason}</b>
                        <span class="number">{count(reason.count)}</span>
                        <span class="muted why">{reason.explanation}</span>
                      </summary>
                      {reason.last_at !== null && (
                        <p class="muted">Last time: {moment(reason.last_at, pixel.timezone)}.</p>
                      )}
                      <Families families={familiesOf(reason).others} />
                      {samplesOf(reason).map((fields) => (
                        <dl class="fields sample" key={JSON.stringify(fields)}>
                          {fields.map(([name, value]) => (
                            <>
                              <dt>{name}</dt>
                              <dd>
                                <Text class="wrap">{value}</Text>
                              </dd>
                            </>
                          ))}
                        </dl>
                      ))}
                    </details>
                  </li>
                ))}
              </ul>
            </>
          );
        }}
      </ResourceView>
    </>
  );
}

/** Only bots may be of AI companies: families of other reasons are clients and the like. */
function familiesOf({ reason, families }: Reason): BotFamilies {
  if (reason === 'bot') return splitFamilies(families);
  return { ai: [], others: [...families].toSorted(([, a], [, b]) => b - a) };
}

function Families({ families }: { readonly families: BotFamilies['others'] }) {
  if (families.length === 0) return null;
  return (
    <p>
      {families.map(([family, times]) => (
        <span class="tag" key={family}>
          <Text>{family}</Text> {count(times)}
        </span>
      ))}
    </p>
  );
}

/** The fields of a reason's samples, without duplicates and without what the explanation says. */
function samplesOf({ samples, explanation }: Reason): [name: string, value: string][][] {
  const fields = samples.map((sample) =>
    Object.entries(sample)
      .filter(([, value]) => value !== '' && value !== null && value !== explanation)
      .map(([name, value]): [string, string] => [
        name,
        typeof value === 'string' ? fieldValue(name, value) : JSON.stringify(value),
      ]),
  );
  const unique = new Map(fields.map((one) => [JSON.stringify(one), one]));
  return [...unique.values()].filter((one) => one.length > 0);
}

/** The reasons of all days, the most frequent first. */
function byReason(days: RejectionsResponse['days']): Reason[] {
  const reasons = new Map<string, Reason>();
  for (const { rejections } of days) {
    for (const { reason, explanation, count: times, last_at, families = {}, samples } of rejections) {
      const total = reasons.get(reason) ?? {
        reason,
        explanation,
        count: 0,
        last_at,
        families: new Map(),
        samples: [],
      };
      reasons.set(reason, total);
      total.count += times;
      if (last_at !== null && last_at > (total.last_at ?? '')) total.last_at = last_at;
      for (const [family, number] of Object.entries(families)) {
        total.families.set(family, (total.families.get(family) ?? 0) + number);
      }
      total.samples = [...total.samples, ...samples].slice(0, 5);
    }
  }
  return [...reasons.values()].toSorted((a, b) => b.count - a.count);
}
