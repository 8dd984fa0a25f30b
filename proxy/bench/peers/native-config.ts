import { IDENTITY_HEADER } from "../payloads.ts";

/** What the config of a proxy in front of the two versions depends on. */
export interface Stand {
  readonly port: number;
  readonly v1Port: number;
  readonly v2Port: number;
  /** A folder of the peer's own. */
  readonly folder: string;
  readonly logPath: string;
}

/** nginx: one process, log lines batched as Serin batches them, connections to the versions kept. */
export function renderNginxConfig({ port, v1Port, v2Port, folder, logPath }: Stand): string {
  const variable = `$http_${IDENTITY_HEADER.replaceAll("-", "_")}`;
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((kind) => `  ${kind}_temp_path ${folder}/${kind};`)
    .join("\n");
  const upstream = (version: string, to: number): string =>
    `  upstream ${version} { server 127.0.0.1:${to}; keepalive 2048; keepalive_requests 1000000000; }`;
  return `daemon off;
master_process off;
worker_processes 1;
worker_rlimit_nofile 20000;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log warn;
events { worker_connections 16384; }
http {
${temporary}
  access_log ${logPath} combined buffer=32k flush=100ms;
  keepalive_requests 1000000000;
  # Bodies stay in memory.
  client_body_buffer_size 64k;
  proxy_max_temp_file_size 0;
  split_clients "${variable}" $version { 50% v1; * v2; }
  map $http_upgrade $connection_upgrade { default upgrade; "" ""; }
${upstream("v1", v1Port)}
${upstream("v2", v2Port)}
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location / {
      proxy_pass http://$version;
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      proxy_set_header Connection $connection_upgrade;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    }
  }
}
`;
}

/** HAProxy: one thread, log lines to standard output; without `http-no-delay` it holds events back for 100 ms. */
export function renderHaproxyConfig({ port, v1Port, v2Port }: Stand): string {
  return `global
  nbthread 1
  maxconn 8000
  log stdout format raw local0 info
defaults
  mode http
  log global
  option httplog
  option forwardfor
  option http-no-delay
  http-reuse always
  timeout connect 5s
  timeout client 120s
  timeout server 120s
  timeout tunnel 1h
frontend public
  bind 127.0.0.1:${port} backlog 4096
  default_backend versions
backend versions
  balance hdr(${IDENTITY_HEADER})
  server v1 127.0.0.1:${v1Port}
  server v2 127.0.0.1:${v2Port}
`;
}

/** Caddy: its JSON access log in a file, the version by rendezvous hash of the header. */
export function renderCaddyfile({ port, v1Port, v2Port, logPath }: Stand): string {
  return `{
  admin off
  auto_https off
}
http://:${port} {
  bind 127.0.0.1
  log {
    output file ${logPath} {
      roll_disabled
    }
    format json
  }
  reverse_proxy 127.0.0.1:${v1Port} 127.0.0.1:${v2Port} {
    lb_policy header ${IDENTITY_HEADER}
    transport http {
      keepalive 120s
      keepalive_idle_conns 8192
      keepalive_idle_conns_per_host 4096
    }
  }
}
`;
}
