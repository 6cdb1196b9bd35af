/**
 * How the dashboard shows dimensions: their labels, their panels, and how their values are written. The compiler asks for an
 * entry for each dimension of the registry (src/model/dimensions.ts). Panels and the list of filters have the order of this table.
 */
import type { DimensionName } from '../model/dimensions.ts';

/** The panels whose tabs are dimensions. */
export type PanelTitle = 'Pages' | 'Sources' | 'Campaigns' | 'Places' | 'Devices' | 'Goals and events';

/** The kinds of values that are formatted for display. */
export type ValueKind = 'page' | 'host' | 'referrer' | 'country' | 'language';

interface DimensionDisplay {
  readonly label: string;
  /** The label of many values. Default: the label with an s. */
  readonly plural?: string;
  /** The panel that has it as a tab, and the tab's label; left out if no panel has it. */
  readonly panel?: readonly [title: PanelTitle, tab: string];
  /** Default: values are displayed as they are stored. */
  readonly values?: ValueKind;
  /** The parent dimension, which its values need: a version belongs to a browser. */
  readonly of?: DimensionName;
  /** False: not in the list of filters, since another dimension there has the same values. */
  readonly isFilter?: false;
}

const displays: Readonly<Record<DimensionName, DimensionDisplay>> = {
  'event:page': { label: 'Page', panel: ['Pages', 'Pages'], values: 'page' },
  'visit:entry_page': { label: 'Entry page', panel: ['Pages', 'Entry'], values: 'page' },
  'visit:exit_page': { label: 'Exit page', panel: ['Pages', 'Exit'], values: 'page' },
  'event:hostname': { label: 'Host', panel: ['Pages', 'Hosts'], values: 'host' },
  'visit:entry_page_hostname': { label: 'Entry page hostname', values: 'host', isFilter: false },
  'visit:exit_page_hostname': { label: 'Exit page hostname', values: 'host', isFilter: false },
  'visit:channel': { label: 'Channel', panel: ['Sources', 'Channels'] },
  'visit:source': { label: 'Source', panel: ['Sources', 'Sources'], values: 'host' },
  'visit:referrer': { label: 'Referrer', panel: ['Sources', 'Referrers'], values: 'referrer' },
  'visit:utm_campaign': { label: 'UTM campaign', panel: ['Campaigns', 'Campaign'] },
  'visit:utm_source': { label: 'UTM source', panel: ['Campaigns', 'Source'], values: 'host' },
  'visit:utm_medium': { label: 'UTM medium', panel: ['Campaigns', 'Medium'] },
  'visit:utm_content': { label: 'UTM content', plural: 'UTM content', panel: ['Campaigns', 'Content'] },
  'visit:utm_term': { label: 'UTM term', panel: ['Campaigns', 'Term'] },
  'visit:country': {
    label: 'Country',
    plural: 'Countries',
    panel: ['Places', 'Countries'],
    values: 'country',
  },
  'visit:country_name': { label: 'Country name', isFilter: false },
  'visit:region': { label: 'Region', isFilter: false },
  'visit:region_name': { label: 'Region', panel: ['Places', 'Regions'] },
  'visit:city': { label: 'City', plural: 'Cities', panel: ['Places', 'Cities'] },
  'visit:city_name': { label: 'City name', isFilter: false },
  'visit:language': { label: 'Language', panel: ['Places', 'Languages'], values: 'language' },
  'visit:device': { label: 'Device', panel: ['Devices', 'Types'] },
  'visit:browser': { label: 'Browser', panel: ['Devices', 'Browsers'] },
  'visit:browser_version': {
    label: 'Browser version',
    panel: ['Devices', 'Versions'],
    of: 'visit:browser',
  },
  'visit:os': { label: 'Operating system', panel: ['Devices', 'Systems'] },
  'visit:os_version': { label: 'System version', panel: ['Devices', 'System versions'], of: 'visit:os' },
  'event:goal': { label: 'Goal', panel: ['Goals and events', 'Goals'] },
  'event:name': { label: 'Event', panel: ['Goals and events', 'Events'] },
  'event:currency': { label: 'Currency', plural: 'Currencies', panel: ['Goals and events', 'Revenue'] },
};

const DISPLAYS: ReadonlyMap<string, DimensionDisplay> = new Map(Object.entries(displays));

/** A dimension's entry; null for custom properties and unknown names. */
export function displayOf(dimension: string): DimensionDisplay | null {
  return DISPLAYS.get(dimension) ?? null;
}

/** The kind of a dimension's values; `person:first_source` has that of `visit:source`. */
export function valueKindOf(dimension: string): ValueKind | null {
  return displayOf(dimension.replace(/^person:(first|last)_/, 'visit:'))?.values ?? null;
}

/** The tabs of a panel. */
export function tabsOf(title: PanelTitle): { readonly name: string; readonly label: string }[] {
  return [...DISPLAYS].flatMap(([name, { panel }]) =>
    panel?.[0] === title ? [{ name, label: panel[1] }] : [],
  );
}

type Labelled = readonly [name: string, label: string];

/** The dimensions to filter by, with their labels. */
export const FILTER_DIMENSIONS: readonly Labelled[] = [...DISPLAYS]
  .filter(([, { isFilter = true }]) => isFilter)
  .map(([name, { label }]) => [name, label]);

const panelOf = (name: string): PanelTitle => displayOf(name)?.panel?.[0] ?? 'Pages';

/** The names of the same, by panel. */
export const FILTER_GROUPS: readonly (readonly [title: PanelTitle, names: readonly string[]])[] = [
  ...new Set(FILTER_DIMENSIONS.map(([name]) => panelOf(name))),
].map((title) => [title, FILTER_DIMENSIONS.flatMap(([name]) => (panelOf(name) === title ? [name] : []))]);

/** The dimensions by which the rows of another can be split, with their labels. Rows of people cannot be split. */
export function splitsOf(dimension: string): readonly Labelled[] {
  if (dimension.startsWith('person:')) return [];
  const parent = displayOf(dimension)?.of;
  return FILTER_DIMENSIONS.filter(
    ([name]) => name !== dimension && name !== parent && displayOf(name)?.of === undefined,
  );
}
