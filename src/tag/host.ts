/** What the npm package gives the tag in place of a script element. */
export interface Host {
  readonly options: Options;
  readonly address: (name: string) => string;
  readonly load: (name: string) => Promise<Module>;
}

/** The attributes of the script element, without `data-`. */
export interface Options extends DOMStringMap {
  pixel?: string;
  consent?: string;
  use?: string;
  downloads?: string;
  url?: string;
  host?: string;
  path?: string;
  alias?: string;
  relay?: string;
}

/** A file that the tag loads when it is needed. */
export interface Module {
  default(...args: unknown[]): Promise<unknown>;
}

/** The file for data-relay. */
export interface RelayModule extends Module {
  /**
   * The user data of an event: with a consent, also what identifies the visitor to networks.
   * @param hashes what `default` has put into its first argument.
   */
  complete(hashes: object | undefined, isGranted: boolean): object | undefined;
}
