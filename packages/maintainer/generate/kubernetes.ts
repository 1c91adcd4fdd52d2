import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { ServiceManifest } from '@sidecart/chassis/contract/manifest.ts'
import { withSection } from '@sidecart/platform/config/generated-section.ts'
import { gatewayApp } from '@sidecart/platform/config/instances.ts'
import { uses, usesBroker } from '@sidecart/platform/config/manifest.ts'
import { manifests } from '@sidecart/platform/config/manifests.ts'
import { portsAt } from '@sidecart/platform/config/ports.ts'
import type { Project } from '@sidecart/platform/config/project.ts'
import { environmentOf } from './compose.ts'
import { type GeneratedFiles, writtenBy } from './generated-file.ts'

const folder = 'deploy/kubernetes'
const kustomization = `${folder}/base/kustomization.yaml`
const production = `${folder}/overlays/production/kustomization.yaml`
const configurations = 'components/common/Kustomization'

/** deploy/kubernetes, where it exists: one file per app, the migrations, and how production scales. */
export const kubernetes = (project: Project): GeneratedFiles => {
  if (!existsSync(join(project.root, folder))) return {}
  const apps = `${folder}/base/apps`
  const names = readdirSync(join(project.root, apps)).map((file) => file.replace('.yaml', ''))
  const gone = names.filter((name) => !manifests.some((service) => service.name === name))
  const lines = (line: (service: ServiceManifest) => string) => manifests.map(line).join('')
  return {
    ...Object.fromEntries(gone.map((name) => [`${apps}/${name}.yaml`, () => undefined])),
    ...Object.fromEntries(
      manifests.map((service) => [`${apps}/${service.name}.yaml`, () => appOf(service, project)]),
    ),
    [`${folder}/base/migrations.yaml`]: () =>
      heading('services/*/service.ts') +
      manifests
        .filter(({ database }) => database)
        .map(migrationsOf)
        .join('---\n'),
    [`${folder}/overlays/production/scaling.yaml`]: () =>
      heading('services/*/service.ts') + manifests.map(scalingOf).join('---\n'),
    [kustomization]: (before = '') => {
      const files = lines(({ name }) => `  - apps/${name}.yaml\n`)
      return withSection(kustomization, before, 'apps', files)
    },
    [production]: (before = '') => {
      const images = lines(
        ({ name }) =>
          `  - { name: sidecart-${name}, newName: registry.example/sidecart/${name}, newTag: 0.1.0 }\n`,
      )
      return withSection(production, before, 'images', images)
    },
    [configurations]: (before = '') => {
      const files = lines(({ name }) => `  - configuration/${name}.yaml\n`)
      return withSection(configurations, before, 'configurations', files)
    },
  }
}

const heading = (sources: string) => `# ${writtenBy} from ${sources}.\n`

/** Labels of pods, which network policies select: the servers that the app or its sidecar connects to. */
function connections(service: ServiceManifest): string[] {
  const { database, container = {} } = service
  return [
    ...(database || uses('statestore', service) ? ['postgres'] : []),
    ...(usesBroker(service) ? ['broker'] : []),
    ...(uses('email', service) ? ['mail'] : []),
    ...(container.networks?.includes('provider') ? ['provider'] : []),
  ]
}

function appOf(service: ServiceManifest, project: Project): string {
  const { name, position } = service
  const { app } = portsAt(position)
  // clients reach the gateway's port; all others answer only their own sidecar
  const host = name === gatewayApp ? '0.0.0.0' : '127.0.0.1'
  // what an installation chooses, such as demo accounts, is for overlays
  const chosen = Object.keys(service.container?.environment ?? {})
  const own = Object.entries(environmentOf(name, project)).filter(([key]) => !chosen.includes(key))
  const environment = { HOST: host, APP_PORT: String(app), ...Object.fromEntries(own) }
  return `${heading(`services/${name}/service.ts`)}apiVersion: v1
kind: ServiceAccount
metadata: { name: ${name} }
automountServiceAccountToken: false
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: ${name} }
spec:
  selector: { matchLabels: { app.kubernetes.io/name: ${name} } }
  strategy: { rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } }
  template:
    metadata:
      labels:
        app.kubernetes.io/name: ${name}
${connections(service)
  .map((server) => `        sidecart.dev/uses-${server}: "true"\n`)
  .join('')}      annotations:
        dapr.io/enabled: "true"
        dapr.io/app-id: ${name}
        dapr.io/app-port: "${app}"
        dapr.io/config: ${name}
        dapr.io/app-token-secret: ${name}-app-token
        dapr.io/api-token-secret: ${name}-dapr-token
        # the secrets of this app and its components, and no other
        dapr.io/volume-mounts: sidecar-secrets:/.sidecart
        dapr.io/disable-builtin-k8s-secret-store: "true"
        dapr.io/enable-app-health-check: "true"
        dapr.io/app-health-check-path: /readyz
        dapr.io/app-health-probe-interval: "2"
        dapr.io/app-health-probe-timeout: "1900"
        dapr.io/app-health-threshold: "3"
        dapr.io/max-body-size: 4Mi
        dapr.io/read-buffer-size: 64Ki
        dapr.io/log-level: warn
        dapr.io/sidecar-seccomp-profile-type: RuntimeDefault
        dapr.io/sidecar-cpu-request: 20m
        dapr.io/sidecar-memory-request: 64Mi
        dapr.io/sidecar-memory-limit: 256Mi
    spec:
      serviceAccountName: ${name}
      automountServiceAccountToken: false
      terminationGracePeriodSeconds: 40
      securityContext: { runAsNonRoot: true, runAsUser: 1000, runAsGroup: 1000, fsGroup: 1000, seccompProfile: { type: RuntimeDefault } }
      topologySpreadConstraints:
        - maxSkew: 1
          topologyKey: kubernetes.io/hostname
          whenUnsatisfiable: ScheduleAnyway
          labelSelector: { matchLabels: { app.kubernetes.io/name: ${name} } }
      containers:
        - name: ${name}
          image: sidecart-${name}
          workingDir: /shop/services/${name}
          command: [node, main.ts]
          env:
${Object.entries(environment)
  .map(([variable, value]) => `            - { name: ${variable}, value: "${value}" }\n`)
  .join(
    '',
  )}            - { name: APP_API_TOKEN, valueFrom: { secretKeyRef: { name: ${name}-app-token, key: token } } }
            - { name: DAPR_API_TOKEN, valueFrom: { secretKeyRef: { name: ${name}-dapr-token, key: token } } }
            - { name: NODE_OPTIONS, value: --max-semi-space-size=8 }
${
  name === gatewayApp
    ? `          ports:
            - { name: http, containerPort: ${app} }
`
    : ''
}          # probed from inside: the port is closed to the cluster
          startupProbe: { exec: { command: [healthy.sh, "${app}", /healthz] }, periodSeconds: 2, timeoutSeconds: 2, failureThreshold: 120 }
          readinessProbe: { exec: { command: [healthy.sh, "${app}", /readyz] }, periodSeconds: 5, timeoutSeconds: 3 }
          livenessProbe: { exec: { command: [healthy.sh, "${app}", /healthz] }, periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 6 }
          resources: { requests: { cpu: 50m, memory: 128Mi }, limits: { memory: 512Mi } }
          securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: [ALL] } }
          volumeMounts: [{ name: tmp, mountPath: /tmp }]
      volumes:
        - { name: tmp, emptyDir: {} }
        - { name: sidecar-secrets, secret: { secretName: ${name}-sidecar } }
`
}

const migrationsOf = ({ name }: ServiceManifest): string => `apiVersion: batch/v1
kind: Job
metadata: { name: ${name}-migrations }
spec:
  backoffLimit: 20
  ttlSecondsAfterFinished: 600
  template:
    metadata: { labels: { app.kubernetes.io/name: ${name}-migrations, sidecart.dev/uses-postgres: "true" } }
    spec:
      restartPolicy: OnFailure
      automountServiceAccountToken: false
      securityContext: { runAsNonRoot: true, runAsUser: 1000, runAsGroup: 1000, seccompProfile: { type: RuntimeDefault } }
      containers:
        - name: migrations
          image: sidecart-${name}
          workingDir: /shop/services/${name}
          command: [node, ../../packages/chassis/persistence/migrate.ts]
          env:
            - { name: DATABASE_URL, valueFrom: { secretKeyRef: { name: ${name}-sidecar, key: database-url } } }
          resources: { requests: { cpu: 20m, memory: 64Mi }, limits: { memory: 256Mi } }
          securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: [ALL] } }
`

const scalingOf = ({ name }: ServiceManifest): string => `apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: { name: ${name} }
spec:
  maxUnavailable: 1
  selector: { matchLabels: { app.kubernetes.io/name: ${name} } }
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: { name: ${name} }
spec:
  scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: ${name} }
  minReplicas: 2
  maxReplicas: 10
  metrics:
    - { type: ContainerResource, containerResource: { name: cpu, container: ${name}, target: { type: Utilization, averageUtilization: 200 } } }
  behavior: { scaleDown: { stabilizationWindowSeconds: 300 } }
`
