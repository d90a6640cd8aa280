"""What whoever runs Paperboy needs: a systemd unit, a guide, and the image's stages without a container engine."""
