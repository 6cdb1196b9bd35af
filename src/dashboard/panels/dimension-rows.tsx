import type { QueryResponse } from '../api.ts';
import { CsvButton } from '../csv-button.tsx';
import { count, pluralName } from '../format.ts';
import { isUnnamed } from '../row-name.ts';
import { Rows } from '../rows.tsx';
import { hasGoal } from '../tiles.ts';
import { Empty, Link, ResourceView } from '../ui.tsx';
import { comparisonOf } from '../view.ts';
import { metricsOf } from './metrics.ts';
import type { PanelProps } from './panel.tsx';
import { type RowsResource, useRows } from './use-rows.ts';

/** The rows of a panel. */
export const ROWS = 9;

/** Dimensions whose group without a value is left out of panels. It would dwarf all others. */
const WITHOUT_NONE: readonly (readonly [dimension: string, none: string])[] = [
  ['event:props:', '(none)'],
  ['visit:utm_', '(not set)'],
  ['event:currency', '(not set)'],
];

interface DimensionRowsProps extends PanelProps {
  readonly dimension: string;
}

/** The first rows of a dimension. */
export function DimensionRows(props: DimensionRowsProps) {
  const { base, dimension, view } = props;
  const metrics = metricsOf(dimension, { hasGoal: hasGoal(view.filters) });
  // One more row, since one may be left out.
  const rows = useRows({ base, dimension, metrics, limit: ROWS + 1, comparison: comparisonOf(view) });
  return <RowList {...props} {...rows} />;
}

/** The first rows of a response, with buttons for all rows and for CSV. */
export function RowList({
  resource,
  dimension,
  dimensions,
  query,
  subject,
  view,
  set,
}: DimensionRowsProps & RowsResource) {
  return (
    <ResourceView resource={resource} rows={ROWS}>
      {(response) => {
        const some = firstRows(response, dimension);
        const total = response.meta.total_rows ?? response.results.length;
        if (some.results.length === 0) return <NoRows dimension={dimension} settings={subject.settings} />;
        return (
          <>
            <Rows
              response={some}
              dimensions={dimensions}
              metrics={query.metrics}
              site={subject.url}
              view={view}
              set={set}
            />
            <footer class="row">
              <button type="button" class="quiet" onClick={() => set({ all: dimension })}>
                {total > ROWS ? `See all ${count(total)}` : 'Details'}
                <span class="hidden">: {pluralName(dimension)}</span>
              </button>
              {response.meta.imports_included === false && <span class="muted">Without imported data</span>}
              <CsvButton site={subject.name} query={query} what={pluralName(dimension)} />
            </footer>
          </>
        );
      }}
    </ResourceView>
  );
}

function firstRows(response: QueryResponse, dimension: string): QueryResponse {
  const none = WITHOUT_NONE.find(([start]) => dimension.startsWith(start))?.[1];
  const results = response.results.filter(({ dimensions: [value] }) => value !== none);
  return { ...response, results: unnamedLast(results, dimension).slice(0, ROWS) };
}

/** The rows with that of people who are not identified at the end. */
export function unnamedLast(rows: QueryResponse['results'], dimension: string): QueryResponse['results'] {
  const isLast = ({ dimensions: [value = ''] }: (typeof rows)[number]): boolean =>
    isUnnamed(dimension, value);
  return [...rows.filter((row) => !isLast(row)), ...rows.filter(isLast)];
}

interface NoRowsProps {
  readonly dimension: string;
  /** The address of the pixel's settings; null if the session may not change it. */
  readonly settings: string | null;
}

function NoRows({ dimension, settings }: NoRowsProps) {
  if (dimension === 'event:goal') {
    return (
      <Empty title="No goals reached in this period">
        Goals are the actions that you want visitors to take.{' '}
        {settings && <Link href={settings}>Add or change goals</Link>}
      </Empty>
    );
  }
  if (dimension.startsWith('visit:utm_')) {
    return (
      <Empty title="No visits from campaigns in this period">
        Visits through links with <code>?utm_campaign=…</code> and other UTM parameters appear here.
      </Empty>
    );
  }
  return <Empty title="No data for this period" />;
}
