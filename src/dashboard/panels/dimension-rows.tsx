import type { QueryResponse } from '../api.ts';
import { CsvButton } from '../csv-button.tsx';
import { count, dimensionName } from '../format.ts';
import { Rows } from '../rows.tsx';
import { Empty, Link, ResourceView } from '../ui.tsx';
import { metricsOf } from './metrics.ts';
import type { PanelProps } from './panel.tsx';
import { type RowsResource, useRows } from './use-rows.ts';

/** The rows of a panel. */
export const ROWS = 9;

/** Dimensions whose group without a value is left out of panels. It would dwarf all others. */
const WITHOUT_NONE: readonly (readonly [dimension: string, none: string])[] = [
  ['event:props:', '(none)'],
  ['visit:utm_', '(not set)'],
];

interface DimensionRowsProps extends PanelProps {
  readonly dimension: string;
}

/** The first rows of a dimension. */
export function DimensionRows(props: DimensionRowsProps) {
  const { base, dimension } = props;
  // One more row, since one may be left out.
  return <RowList {...props} {...useRows(base, dimension, metricsOf(dimension), ROWS + 1)} />;
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
              metrics={metricsOf(dimension)}
              view={view}
              set={set}
            />
            <footer class="row">
              <button type="button" class="quiet" onClick={() => set({ all: dimension })}>
                {total > ROWS ? `All ${count(total)} rows` : 'More metrics'}
              </button>
              <CsvButton query={query} what={dimensionName(dimension)} />
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
  return { ...response, results: results.slice(0, ROWS) };
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
