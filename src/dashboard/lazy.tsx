/** Components that are loaded when they are first rendered. */
import type { ComponentChildren, ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { Failure } from './api.ts';
import { ErrorMessage, Loading } from './ui.tsx';

/**
 * A component that is its module's default export. The module is loaded on demand.
 *
 * @param placeholder what is shown until then.
 */
export function lazy<Props extends object>(
  load: () => Promise<{ default: ComponentType<Props> }>,
  placeholder: ComponentChildren = <Loading rows={6} />,
) {
  let loaded: ComponentType<Props> | null = null;
  return function Lazy(props: Props) {
    const [Component, set] = useState<{ readonly it: ComponentType<Props> } | null>(loaded && { it: loaded });
    const [failed, fail] = useState(false);
    const start = (): void => {
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
      if (!Component) start();
    }, []);
    if (Component) return <Component.it {...props} />;
    if (!failed) return <>{placeholder}</>;
    // The device is offline, or a deploy has replaced the files of this page's version.
    const failure = new Failure(0, {
      detail: 'This part of the page could not be loaded. Try again, or reload the page.',
    });
    return <ErrorMessage failure={failure} retry={start} />;
  };
}
