/** Views that are loaded when they are first shown. */
import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { Failure } from './api.ts';
import { Loading, Trouble } from './ui.tsx';

/** A component whose code comes when it is needed. It is its module's default export. */
export function later<Props extends object>(load: () => Promise<{ default: ComponentType<Props> }>) {
  let loaded: ComponentType<Props> | null = null;
  return function Later(props: Props) {
    const [Component, set] = useState<{ readonly it: ComponentType<Props> } | null>(loaded && { it: loaded });
    const [failed, fail] = useState(false);
    const get = (): void => {
      fail(false);
      load().then(
        (module) => {
          loaded = module.default;
          set({ it: loaded });
        },
        () => fail(true),
      );
    };
    useEffect(() => {
      if (!Component) get();
    }, []);
    if (Component) return <Component.it {...props} />;
    if (!failed) return <Loading rows={6} />;
    // Offline, or a new version has taken the place of the one that this page came with.
    const failure = new Failure(0, {
      detail: 'This part could not be loaded. Try again, or load the page anew.',
    });
    return <Trouble failure={failure} retry={get} />;
  };
}
