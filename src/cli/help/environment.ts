/** Environment variables that every command reads. */
export const ENVIRONMENT: Readonly<Record<string, string>> = {
  REDISHA_DEPLOYMENT: "deployment to work on, as --deployment",
  REDISHA_FILE: "redisha.yaml to read, as --file",
  REDISHA_STATE_DIR: "where runs, locks, labs and debug logs are kept (default: redisha below XDG_STATE_HOME)",
  NO_COLOR: "no colour, with any value that is not empty",
  FORCE_COLOR: "colour also into a pipe or a file; 0 for none",
};
