{{/* What no pod may do. */}}
{{- define "muster.podSecurity" -}}
runAsNonRoot: true
runAsUser: {{ .user }}
runAsGroup: {{ .user }}
fsGroup: {{ .user }}
seccompProfile: { type: RuntimeDefault }
{{- end }}

{{- define "muster.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end }}

{{/* A part's image: dict root, name. */}}
{{- define "muster.image" -}}
{{- with .root.Values.image -}}
{{ printf "%s/muster-%s:%s" .registry $.name (.tag | default $.root.Chart.AppVersion) | trimPrefix "/" | quote }}
{{- end }}
{{- end }}

{{/* Whence pods' images come, where they may be, and before whom: dict root. */}}
{{- define "muster.where" -}}
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- with .root.Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .root.Values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .root.Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .root.Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- end }}

{{/* The same for pods of which there are several, which are spread: dict root, name. */}}
{{- define "muster.placement" -}}
{{- include "muster.where" . }}
{{- with .root.Values.topologyKeys }}
topologySpreadConstraints:
  {{- range . }}
  - maxSkew: 1
    topologyKey: {{ . }}
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "muster.selector" $ | nindent 8 }}
    # Pods of the version that leaves do not count.
    matchLabelKeys: [pod-template-hash]
  {{- end }}
{{- end }}
{{- end }}

{{/* A service's settings as the file that it reads, which refuses keys that it does not know: dict root, name, values. What
     an operator says wins. */}}
{{- define "muster.settings" -}}
{{- $root := .root -}}
{{- $settings := dict
    "nats_url" (include "muster.brokerUrl" $root)
    "nats_seed_file" "/secrets/nats.seed"
    "stream_replicas" $root.Values.broker.replicas
    "log" $root.Values.log
    "otlp_endpoint" $root.Values.otlpEndpoint
    "nats_ca_file" (empty $root.Values.broker.caSecret | ternary "" "/authority/ca.crt")
-}}
{{- if eq .name "registry" }}
{{- range $key := list "system" "issuer" "xkey" }}
{{- $_ := set $settings (printf "%s_seed_file" $key) (printf "/secrets/%s.seed" $key) }}
{{- end }}
{{- end }}
{{- if eq .name "api" }}
{{- $host := include "muster.host" $root }}
{{- if $host }}
{{- $_ := set $settings "public_url" (printf "https://%s" $host) }}
{{- if include "muster.workersByHost" $root }}
{{- $_ := set $settings "public_nats" (printf "wss://%s%s" $host $root.Values.workers.path) }}
{{- end }}
{{- end }}
{{- range $key, $value := dict "public_url" $root.Values.publicUrl "public_nats" $root.Values.publicNats }}
{{- if $value }}{{ $_ := set $settings $key $value }}{{ end }}
{{- end }}
{{- end }}
{{- range $key, $value := deepCopy $settings }}
{{- if eq (toString $value) "" }}{{ $_ := unset $settings $key }}{{ end }}
{{- end }}
{{- /* Here, empty says something: that there is to be none. */}}
{{- range $key, $value := mergeOverwrite $settings .values.config }}
{{- if not (kindIs "invalid" $value) }}
{{ $key }} = {{ kindIs "float64" $value | ternary (int64 $value) $value | toJson }}
{{- end }}
{{- end }}
{{- end }}

{{/* Those of them that count from a start on, so that others need other pods: dict as above. */}}
{{- define "muster.settled" -}}
{{- $reloaded := .root.Files.Lines "files/reloaded" -}}
{{- range splitList "\n" (include "muster.settings" .) }}
{{- if not (has (printf "%s %s" $.name (splitList " = " . | first)) $reloaded) }}
{{ . }}
{{- end }}
{{- end }}
{{- end }}
