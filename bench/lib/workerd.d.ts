/** The runtime, which has no types of its own. */
declare module 'workerd' {
  const workerd: {
    /** The path of its program. */
    readonly default: string;
  };
  export default workerd;
}
