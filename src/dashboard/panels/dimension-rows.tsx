import type { Answer } from '../api.ts';
import { CsvButton } from '../csv-button.tsx';
import { count, dimensionName } from '../format.ts';
import { Rows } from '../rows.tsx';
import { Empty, Link, Show } from '../ui.tsx';
import { metricsOf } from './metrics.ts';
import type { PanelProps } from './panel.tsx';
import { type RowsAsked, useRows } from './use-rows.ts';

/** The most rows that a panel has. */
export const ROWS = 9;

/** Whoever has no value outnumbers the others so much that nothing else would be seen. */
const NONE: readonly (readonly [dimension: string, none: string])[] = [
  ['event:props:', '(none)'],
  ['visit:utm_', '(not set)'],
];

interface DimensionRowsProps extends PanelProps {
  readonly dimension: string;
}

/** The first rows of a dimension. */
export function DimensionRows(props: DimensionRowsProps) {
  const { base, dimension } = props;
  // One more, in case that one is left out.
  return <RowList {...props} {...useRows(base, dimension, metricsOf(dimension), ROWS + 1)} />;
}

/** The first rows of an answer, and the ways to all of them. */
export function RowList({
  asked,
  dimension,
  dimensions,
  question,
  subject,
  view,
  set,
}: DimensionRowsProps & RowsAsked) {
  return (
    <Show asked={asked} rows={ROWS}>
      {(answer) => {
        const some = firstRows(answer, dimension);
        const total = answer.meta.total_rows ?? answer.results.length;
        if (some.results.length === 0) return <NoRows dimension={dimension} settings={subject.settings} />;
        return (
          <>
            <Rows
              answer={some}
              dimensions={dimensions}
              metrics={metricsOf(dimension)}
              view={view}
              set={set}
            />
            <footer class="row">
              <button type="button" class="quiet" onClick={() => set({ all: dimension })}>
                {total > ROWS ? `All ${count(total)} rows` : 'More numbers'}
              </button>
              <CsvButton question={question} what={dimensionName(dimension)} />
            </footer>
          </>
        );
      }}
    </Show>
  );
}

function firstRows(answer: Answer, dimension: string): Answer {
  const none = NONE.find(([start]) => dimension.startsWith(start))?.[1];
  const results = answer.results.filter(({ dimensions: [value] }) => value !== none);
  return { ...answer, results: results.slice(0, ROWS) };
}

interface NoRowsProps {
  readonly dimension: string;
  /** Where its settings are, for those who may see them. */
  readonly settings: string | null;
}

function NoRows({ dimension, settings }: NoRowsProps) {
  if (dimension === 'event:goal') {
    return (
      <Empty title="No goal was reached in these days">
        Goals are what you want people to do. {settings && <Link href={settings}>Add or change goals</Link>}
      </Empty>
    );
  }
  if (dimension.startsWith('visit:utm_')) {
    return (
      <Empty title="No campaign brought anyone in these days">
        Links with <code>?utm_campaign=…</code> and the like are told apart here.
      </Empty>
    );
  }
  return <Empty title="Nothing in these days" />;
}
