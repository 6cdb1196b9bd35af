/** The view of the page's address, and how it changes. */
import { useEffect, useMemo, useRef } from 'preact/hooks';
import { isSharedPage } from './api.ts';
import { go, useLocation } from './hooks.ts';
import { keepView, keptSearch } from './kept.ts';
import { parseView, type SetView, searchOf, type View } from './view.ts';

const KEPT: readonly (keyof View)[] = ['period', 'compare', 'weekdays'];

/**
 * A page that is opened without parameters gets those that were last chosen in this browser. They replace the address, so it
 * always says what is shown. Pages of shared links store nothing in the reader's browser.
 */
export function useView(): readonly [view: View, set: SetView] {
  const { search } = useLocation();
  const kept = useRef(search === '' && !isSharedPage ? keptSearch() : '');
  useEffect(() => {
    const first = kept.current;
    kept.current = '';
    if (first !== '') go(`${location.pathname}${first}${location.hash}`, 'replace');
  }, []);
  const current = kept.current || search;
  const view = useMemo(() => parseView(current), [current]);
  const set: SetView = (part, how = 'push') => {
    const changed = { ...view, ...part };
    if (!isSharedPage && KEPT.some((name) => name in part)) keepView(changed);
    go(`${location.pathname}${searchOf(changed)}${location.hash}`, how);
  };
  return [view, set];
}
