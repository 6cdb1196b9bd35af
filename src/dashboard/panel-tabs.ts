/**
 * Which tab of a panel is shown. The address has the names of the tabs that are not their panel's first. A tab's name belongs to one
 * panel only, so they need no names of panels.
 */
import type { SetView, View } from './view.ts';

/** The tab of a panel that a view shows. @param names the panel's tabs. Empty if it has none. */
export function shownTab({ tabs }: View, names: readonly string[]): string {
  return tabs.find((tab) => names.includes(tab)) ?? names[0] ?? '';
}

/** Shows another tab of a panel. */
export function showTab(view: View, set: SetView, names: readonly string[], name: string): void {
  const others = view.tabs.filter((tab) => !names.includes(tab));
  set({ tabs: name === names[0] ? others : [...others, name] }, 'replace');
}
