/** The dashboard's built files by name. Each is loaded when it is requested. */
declare module '*/app.files.js' {
  const files: Readonly<Record<string, () => Promise<{ readonly default: string }>>>;
  export default files;
}
