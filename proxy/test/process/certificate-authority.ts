import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

export interface CertificateFiles {
  readonly certFile: string;
  readonly keyFile: string;
}

/** An authority of the test's own, in a folder of its own; made with the system's openssl. */
export class CertificateAuthority implements AsyncDisposable {
  readonly folder: string;
  /** The authority's own certificate. */
  readonly caFile: string;
  #issued = 0;

  private constructor(folder: string) {
    this.folder = folder;
    this.caFile = join(folder, "ca.pem");
  }

  static async create(): Promise<CertificateAuthority> {
    const authority = new CertificateAuthority(await mkdtemp(join(tmpdir(), "serin-ca-")));
    await authority.#openssl(
      "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=test-authority " +
        "-keyout ca-key.pem -out ca.pem",
    );
    return authority;
  }

  /** A certificate for a name or an address, and its key. */
  async issue(name: string): Promise<CertificateFiles> {
    this.#issued += 1;
    const base = `issued-${this.#issued}`;
    const kind = /^[\d.]+$/.test(name) ? "IP" : "DNS";
    await writeFile(join(this.folder, `${base}.ext`), `subjectAltName=${kind}:${name}\n`);
    await this.#openssl(
      "req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes " +
        `-subj /CN=${base} -keyout ${base}-key.pem -out ${base}.csr`,
    );
    await this.#openssl(
      `x509 -req -in ${base}.csr -CA ca.pem -CAkey ca-key.pem -CAcreateserial -days 1 -extfile ${base}.ext ` +
        `-out ${base}.pem`,
    );
    return { certFile: join(this.folder, `${base}.pem`), keyFile: join(this.folder, `${base}-key.pem`) };
  }

  async #openssl(command: string): Promise<void> {
    await run("openssl", command.split(" "), { cwd: this.folder });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}
