/** Rows of a dimension with a bar behind each, to be clicked on to filter by it. */
import type { Answer } from './api.ts';
import { amount, dimensionName, metricName, metricValue, valueName } from './format.ts';
import { Empty, Text } from './ui.tsx';
import { type View, withValue } from './view.ts';

export interface RowsProps {
  readonly answer: Answer;
  readonly dimension: string;
  readonly metrics: readonly string[];
  readonly view: View;
  readonly set: (part: Partial<View>) => void;
}

/** What stands for everything past the most visited values cannot be filtered by. */
const OTHER = '(other)';

export function Rows({ answer, dimension, metrics, view, set }: RowsProps) {
  const { results } = answer;
  if (results.length === 0) return <Empty title="Nothing in these days" />;
  const most = Math.max(1, ...results.map((row) => amount(row.metrics[0]) ?? 0));
  return (
    <table class="rows" data-dimension={dimension}>
      <thead>
        <tr>
          <th scope="col">{dimensionName(dimension)}</th>
          {metrics.map((metric) => (
            <th scope="col" class="number" key={metric}>
              {metricName(metric)}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {results.map(({ dimensions: [value = ''], metrics: values }) => {
          const name = valueName(dimension, value);
          return (
            <tr key={value}>
              <th scope="row">
                <span
                  class="bar"
                  style={{ width: `${(100 * Math.max(0, amount(values[0]) ?? 0)) / most}%` }}
                  aria-hidden="true"
                />
                {value === OTHER ? (
                  <span class="label">
                    <Text>{name}</Text>
                  </span>
                ) : (
                  <button
                    type="button"
                    class="label"
                    onClick={() => set({ filters: withValue(view.filters, dimension, value), all: null })}
                  >
                    <span class="hidden">Filter by </span>
                    <Text>{name}</Text>
                  </button>
                )}
              </th>
              {metrics.map((metric, place) => (
                <td class="number" key={metric}>
                  {metricValue(metric, values[place])}
                </td>
              ))}
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
