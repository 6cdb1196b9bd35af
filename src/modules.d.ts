/** The dashboard's built files by their names; each is loaded when it is asked for. */
declare module '*/app.files.js' {
  const files: Readonly<Record<string, () => Promise<{ readonly default: string }>>>;
  export default files;
}
