/** All pixels, each with its last thirty days. */
import type { Pixel } from './api.ts';
import { Sparkline } from './chart.tsx';
import { amount, count } from './format.ts';
import { useAnswer } from './hooks.ts';
import { Heading, Link, Text, Trouble } from './ui.tsx';

export function Overview({
  pixels,
  mayAdd,
}: {
  readonly pixels: readonly Pixel[];
  readonly mayAdd: boolean;
}) {
  return (
    <>
      <div class="row title">
        <Heading>Pixels</Heading>
        {mayAdd && (
          <Link class="button" href="/app/new">
            Add a pixel
          </Link>
        )}
      </div>
      <ul class="cards">
        {pixels.map((pixel) => (
          <Card key={pixel.id} pixel={pixel} />
        ))}
      </ul>
    </>
  );
}

function Card({ pixel }: { readonly pixel: Pixel }) {
  const asked = useAnswer({
    site_id: pixel.id,
    metrics: ['visitors'],
    date_range: '30d',
    dimensions: ['time:day'],
    include: { time_labels: true },
  });
  const found = new Map(
    asked.data?.results.map(({ dimensions, metrics }) => [dimensions[0], amount(metrics[0]) ?? 0]),
  );
  const values = (asked.data?.meta.time_labels ?? []).map((label) => found.get(label) ?? 0);
  const [yesterday = 0, today = 0] = values.slice(-2);
  return (
    <li class="card" data-pixel={pixel.id}>
      <h2>
        <Link href={`/app/${pixel.id}`}>
          <Text>{pixel.name}</Text>
        </Link>
      </h2>
      <p class="muted">
        <Text>{URL.parse(pixel.url)?.host ?? pixel.url}</Text>
      </p>
      {asked.failure ? (
        <Trouble failure={asked.failure} retry={asked.retry} />
      ) : (
        <>
          <Sparkline values={values} />
          <dl class="figures">
            <div data-of="today">
              <dt>Visitors today</dt>
              <dd>{asked.data ? count(today) : ' '}</dd>
            </div>
            <div data-of="yesterday">
              <dt>Yesterday</dt>
              <dd class="lesser">{asked.data ? count(yesterday) : ' '}</dd>
            </div>
            <div data-of="month">
              <dt>30 days</dt>
              <dd class="lesser">
                {asked.data ? count(values.reduce((sum, value) => sum + value, 0)) : ' '}
              </dd>
            </div>
          </dl>
        </>
      )}
    </li>
  );
}
