/**
 * The world's countries as SVG paths by their ISO 3166-1 alpha-2 codes, in Equal Earth (Šavrič, Patterson, Jenny 2018), which
 * gives each its true share of the surface. Shapes are Natural Earth's, in the public domain, as `world-atlas` packs them.
 * Countries that are too small for a shape are dots.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './wrangler.ts';

export interface WorldMap {
  readonly width: number;
  readonly height: number;
  readonly shapes: Readonly<Record<string, string>>;
  readonly dots: Readonly<Record<string, readonly [x: number, y: number]>>;
}

type Point = readonly [number, number];

interface Topology {
  readonly arcs: readonly (readonly Point[])[];
  readonly transform: { readonly scale: Point; readonly translate: Point };
  readonly objects: { readonly countries: { readonly geometries: readonly Geometry[] } };
}
interface Geometry {
  readonly type: 'Polygon' | 'MultiPolygon';
  /** ISO 3166-1 numeric; absent of what has none. */
  readonly id?: string;
  readonly arcs: readonly unknown[];
}

const WIDTH = 960;
/** Nobody visits from Antarctica often enough to give it a fifth of the map. */
const SOUTH = -56;
const ANTARCTICA = 'AQ';

export function worldMap(): WorldMap {
  const coarse = countriesOf('countries-110m.json');
  const fine = countriesOf('countries-50m.json');
  const shapes: Record<string, string> = {};
  const dots: Record<string, Point> = {};
  for (const [code, rings] of coarse) {
    if (code === ANTARCTICA) continue;
    shapes[code] = rings.map(pathOf).join('');
  }
  for (const [code, rings] of fine) {
    if (coarse.has(code)) continue;
    const points = rings.toSorted((a, b) => b.length - a.length)[0] ?? [];
    const [x, y] = project(centerOf(points));
    dots[code] = [Math.round(x), Math.round(y)];
  }
  return { width: WIDTH, height: Math.round(project([0, SOUTH])[1]), shapes, dots };
}

/** Each country's rings of longitudes and latitudes. */
function countriesOf(file: string): Map<string, Point[][]> {
  const topology = JSON.parse(readFileSync(join(ROOT, 'node_modules/world-atlas', file), 'utf8')) as Topology;
  const arcs = topology.arcs.map((arc) => decoded(arc, topology.transform));
  const countries = new Map<string, Point[][]>();
  for (const { id, type, arcs: parts } of topology.objects.countries.geometries) {
    // Canonicalised, a numeric region is the alphabetic one (Unicode TR 35, annex C).
    const code = id === undefined ? undefined : new Intl.Locale(`und-${id}`).region;
    if (code === undefined || !/^[A-Z]{2}$/.test(code)) continue;
    const polygons = (type === 'Polygon' ? [parts] : parts) as number[][][];
    const rings = polygons.flatMap((polygon) => polygon.map((ring) => joined(ring, arcs)));
    countries.set(code, [...(countries.get(code) ?? []), ...rings]);
  }
  return countries;
}

function decoded(arc: readonly Point[], { scale, translate }: Topology['transform']): Point[] {
  let [x, y] = [0, 0];
  return arc.map(([dx, dy]) => {
    x += dx;
    y += dy;
    return [x * scale[0] + translate[0], y * scale[1] + translate[1]];
  });
}

/** A ring out of arcs; a negative one runs backwards. */
function joined(ring: readonly number[], arcs: readonly Point[][]): Point[] {
  return ring.flatMap((index) => {
    const arc = index < 0 ? (arcs[~index] ?? []).toReversed() : (arcs[index] ?? []);
    return arc.slice(0, -1);
  });
}

function centerOf(points: readonly Point[]): Point {
  const sum = points.reduce<Point>(([x, y], [px, py]) => [x + px, y + py], [0, 0]);
  return [sum[0] / points.length, sum[1] / points.length];
}

const [A1, A2, A3, A4] = [1.340264, -0.081106, 0.000893, 0.003796];
const M = Math.sqrt(3) / 2;
const HALF_WIDTH = Math.PI / (M * A1);
const NORTH = 83.7;

function project([longitude, latitude]: Point): Point {
  const [x, y] = equalEarth(longitude, latitude);
  const scale = WIDTH / (2 * HALF_WIDTH);
  return [(x + HALF_WIDTH) * scale, (equalEarth(0, NORTH)[1] - y) * scale];
}

function equalEarth(longitude: number, latitude: number): Point {
  const l = Math.asin(M * Math.sin((latitude * Math.PI) / 180));
  const l2 = l * l;
  const l6 = l2 * l2 * l2;
  return [
    ((longitude * Math.PI) / 180) * (Math.cos(l) / (M * (A1 + 3 * A2 * l2 + l6 * (7 * A3 + 9 * A4 * l2)))),
    l * (A1 + A2 * l2 + l6 * (A3 + A4 * l2)),
  ];
}

/** A ring as a path of whole steps: to the pixel, since the map is no larger than that. */
function pathOf(ring: readonly Point[]): string {
  // A ring over the date line goes on beyond the map's edge, where nothing is seen of it.
  const west = ring[0]?.[0] ?? 0;
  const whole = ring.map(([x, y]): Point => [x - west > 180 ? x - 360 : x - west < -180 ? x + 360 : x, y]);
  const points = whole.map(project).map(([x, y]): Point => [Math.round(x), Math.round(y)]);
  const kept = points.filter(
    ([x, y], place) => place === 0 || x !== points[place - 1]?.[0] || y !== points[place - 1]?.[1],
  );
  if (kept.length < 3) return '';
  let path = `M${kept[0]?.[0]} ${kept[0]?.[1]}l`;
  for (let place = 1; place < kept.length; place++) {
    const [[x, y], [bx, by]] = [kept[place] as Point, kept[place - 1] as Point];
    path += `${place > 1 && x - bx >= 0 ? ' ' : ''}${x - bx}${y - by < 0 ? '' : ' '}${y - by}`;
  }
  return `${path}z`;
}
