import { images, jars, pins as programs } from '@sidecart/platform/install/versions.ts'
import { type GeneratedFiles, ifThere } from './generated-file.ts'

/** Files of other tools that name an image. */
const withImages = [
  'deploy/Dockerfile',
  'deploy/kubernetes/overlays/dev/servers.yaml',
  'deploy/observability/Dockerfile',
  'deploy/offline/images.sh',
  'docker-compose.observability.yml',
  'docker-compose.yml',
]
/** Files of commands that install Dapr. */
const withDapr = [
  'deploy/kubernetes/README.md',
  'deploy/kubernetes/dapr-values.yaml',
  'deploy/offline/images.sh',
]
const pom = 'packages/platform/servers/kafka/pom.xml'

/** The versions of `packages/platform/install/versions.ts` in the files of other tools. */
export const pins = (): GeneratedFiles => ({
  ...Object.fromEntries(
    [...withImages, ...withDapr].map((path) => [
      path,
      ifThere((before) => withPinnedDapr(withPinnedImages(before))),
    ]),
  ),
  [pom]: ifThere((before) => before.replace(/(?<=<kafka\.version>)[^<]+/, jars.kafka)),
})

const withPinnedImages = (before: string): string =>
  images.reduce((text, image) => {
    const [name = ''] = image.split(':')
    return text.replace(new RegExp(`(?<=image: |_image=|_IMAGE=)${name}:[\\w.-]+`, 'g'), image)
  }, before)

const withPinnedDapr = (before: string): string =>
  before.replace(/(?<=dapr_version=|helm .* --version )\d+\.\d+\.\d+/g, programs.daprd.version)
