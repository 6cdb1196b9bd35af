/** Visitors by country on a map: the darker, the more. The list of countries has the same numbers. */
import { useState } from 'preact/hooks';
import world from '../../dist/world.json';
import { amount } from './amount.ts';
import type { QueryResponse } from './api.ts';
import { isAmong, withRow } from './filters.ts';
import { metricValue, valueName } from './format.ts';
import { Empty } from './ui.tsx';
import type { SetView, View } from './view.ts';

interface Props {
  readonly response: QueryResponse;
  readonly view: View;
  readonly set: SetView;
}

const COUNTRY = 'visit:country';

export default function WorldMap({ response, view, set }: Props) {
  const [hovered, hover] = useState<string | null>(null);
  const rows = new Map(response.results.map((row) => [row.dimensions[0] ?? '', row]));
  const max = Math.max(1, ...response.results.map(({ metrics }) => amount(metrics[0]) ?? 0));
  const shade = (code: string): number => {
    const value = amount(rows.get(code)?.metrics[0]) ?? 0;
    return value === 0 ? 0 : 0.18 + 0.82 * Math.sqrt(value / max);
  };
  const props = (code: string) => ({
    class: `country${rows.has(code) ? ' some' : ''}${hovered === code ? ' at' : ''}`,
    style: { '--shade': shade(code) },
    onPointerEnter: () => hover(code),
    onPointerDown: () => hover(code),
    onClick: (event: MouseEvent) =>
      rows.has(code) && set({ filters: withRow(view.filters, [[COUNTRY, code]], isAmong(event)) }),
  });
  if (response.results.length === 0) return <Empty title="No data for this period" />;
  return (
    <figure class="map" onPointerLeave={() => hover(null)}>
      <svg
        viewBox={`0 0 ${world.width} ${world.height}`}
        role="img"
        aria-label="Visitors by country. The list of countries has the numbers."
      >
        {Object.entries(world.shapes).map(([code, path]) => (
          <path key={code} d={path} {...props(code)} />
        ))}
        {Object.entries(world.dots).map(([code, [x, y]]) =>
          rows.has(code) ? <circle key={code} cx={x} cy={y} r="4" {...props(code)} /> : null,
        )}
      </svg>
      <figcaption>
        {hovered === null ? (
          <span class="muted">Visitors by country</span>
        ) : (
          <>
            <span>{valueName(COUNTRY, hovered)}</span>{' '}
            <b>{metricValue('visitors', rows.get(hovered)?.metrics[0] ?? 0)}</b> visitors{' '}
            <span class="muted">{metricValue('percentage', rows.get(hovered)?.metrics[1] ?? 0)}</span>
          </>
        )}
      </figcaption>
    </figure>
  );
}
