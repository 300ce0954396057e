import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { trustOf } from "../certificates/material.ts";
import { RedishaError } from "../core/errors.ts";
import { EXIT } from "../core/exit-codes.ts";
import { scrubber } from "../core/scrub.ts";
import type { Deployment, Host } from "../inventory/model.ts";
import { EXPORTER_CLIENT } from "../inventory/to-tls.ts";
import { type ExporterPlace, type ExporterUnit, exporterPlace, exporterUnits } from "../render/exporter.ts";

/** A file of an exporter as it should be. */
export interface ExporterFile {
  readonly path: string;
  readonly owner: string;
  readonly mode: string;
  /** What it may say, the wanted one first; nothing where it is not made yet. May be secret. */
  readonly contents: readonly string[];
  readonly secret: boolean;
}

export interface DesiredExporters {
  readonly place: ExporterPlace;
  readonly units: readonly ExporterUnit[];
  readonly files: readonly ExporterFile[];
}

/**
 * What of exporters is to be on a host; undefined where none is declared there. While a password is being changed, a file with
 * the previous one is as good: `strict` leaves it out. Fails as secrets do that cannot be read.
 */
export async function desiredExporters(
  host: Host,
  deployment: Deployment,
  strict = false,
): Promise<DesiredExporters | undefined> {
  const { exporter } = deployment;
  if (!exporter?.on.includes(host.name)) return undefined;
  const place = exporterPlace(host, exporter);
  const units = exporterUnits(deployment, place);
  const passwords = await Promise.all(units.map((unit) => passwordFile(unit, deployment, strict)));
  const certificates = await certificateFiles(deployment, place);
  const files = [...units.map(unitFile), ...passwords.filter((file) => file !== undefined), ...certificates];
  return { place, units, files };
}

/** The text that goes on the host. Fails with EXPORTER_FILE_NOT_MADE where it is made by another part, which was left out. */
export function contentOf({ path, contents }: ExporterFile): string {
  const [wanted] = contents;
  if (wanted !== undefined) return wanted;
  throw new RedishaError({
    code: "EXPORTER_FILE_NOT_MADE",
    message: `${path} holds what servers of TLS are known by, and there are no certificates yet.`,
    exit: EXIT.usage,
    state: "nothing was changed by this step",
    next: ["redisha init --only tls,redis,sentinel,monitoring"],
  });
}

function unitFile({ name, text }: ExporterUnit): ExporterFile {
  const path = `/etc/systemd/system/${name}.service`;
  return { path, owner: "root:root", mode: "0644", contents: [text], secret: false };
}

/** systemd reads it as root, so that nobody else may. */
async function passwordFile(
  { asks, passwordFile: path }: ExporterUnit,
  { users, auth }: Deployment,
  strict: boolean,
): Promise<ExporterFile | undefined> {
  const login = asks === "data" ? (users?.exporter ?? auth.data) : auth.sentinel;
  if (path === undefined || login.password === undefined) return undefined;
  const passwords = [await login.password()];
  if (!strict && login.previousPassword) passwords.push(await login.previousPassword());
  return { path, owner: "root:root", mode: "0600", contents: passwords.map(environmentLine), secret: true };
}

/** systemd takes what stands in double quotes as it is, but for these four. */
function environmentLine(password: string): string {
  return `REDIS_PASSWORD="${password.replace(/["\\$`]/g, "\\$&")}"\n`;
}

/** Whom it trusts, and what it shows to servers that ask for a certificate. */
async function certificateFiles(deployment: Deployment, { folder, user }: ExporterPlace): Promise<ExporterFile[]> {
  const { tls, serverTls } = deployment;
  if (!tls || !serverTls) return [];
  const file = (name: string, owner: string, mode: string, content: string | undefined): ExporterFile => ({
    ...{ path: `${folder}/${name}`, owner, mode, secret: mode === "0600" },
    contents: content === undefined ? [] : [content],
  });
  const ca = file("redis-ca.crt", "root:root", "0644", await trustOf(deployment, "all"));
  const { source, clients } = serverTls;
  if (clients !== "yes" || source.kind !== "authority") return [ca];
  const made = (kind: string) => textOf(join(source.folder, "clients", `${EXPORTER_CLIENT}.${kind}`));
  const [key, certificate] = await Promise.all([made("key"), made("crt")]);
  if (key !== undefined) scrubber.learn(key.trim());
  // It is read anew for every connection: in one file, both are replaced at one moment.
  const pair = key === undefined || certificate === undefined ? undefined : `${certificate.trimEnd()}\n${key}`;
  return [ca, file("redis-client.pem", `${user}:root`, "0600", pair)];
}

async function textOf(path: string): Promise<string | undefined> {
  return readFile(path, "utf8").catch(() => undefined);
}
